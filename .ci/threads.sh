# For .ci/miri and .ci/tsan: the tests that start threads of their own, and a nightly to run them with.
# Status 3 is MISSING: what is needed cannot be had here, and nothing was checked.

# Fails with 3 unless a nightly with these components is there, or can be installed.
need_nightly() {
    local component
    cargo +nightly --version >/dev/null 2>&1 || rustup toolchain install nightly --profile minimal \
        || { echo "MISSING: a nightly toolchain" >&2; exit 3; }
    for component; do
        rustup component add --toolchain nightly "$component" \
            || { echo "MISSING: $component for the nightly toolchain" >&2; exit 3; }
    done
}

# `FILE FUNCTION` for each test of tests/threads/, and each other that names `thread::spawn` or `thread::scope` in its
# body.
thread_tests() {
    git ls-files -- 'tests/*.rs' | xargs awk '
        FNR == 1 { name = "" }
        /^ *fn [a-z0-9_]+\(\)/ { name = $2; sub(/\(.*/, "", name) }
        FILENAME ~ /^tests\/threads\// && name && before == "#[test]" { print FILENAME, name; name = "" }
        { before = $0 }
        /thread::(spawn|scope)\(/ && name { print FILENAME, name; name = "" }'
}

# Puts the arguments of `cargo test` that run those tests, or those of the files given, into the array `selected`.
select_tests() {
    local file name binary names=()
    selected=()
    while read -r file name; do
        [ $# -eq 0 ] || [[ " $* " == *" $file "* ]] || continue
        echo "$file: $name"
        binary=${file#tests/} binary=${binary%%/*}
        selected+=(--test "${binary%.rs}")
        names+=("$name")
    done < <(thread_tests)
    [ ${#names[@]} -gt 0 ] || { echo "no test starts a thread" >&2; exit 1; }
    selected+=(-- "${names[@]}")
}
