#!/usr/bin/env bash
# Builds every program for every board, or for the boards that are named, and runs it in the emulator:
# `examples/firmware/run.sh [board...]`.
#
# What it needs, it installs, where it can be had. Where it cannot, the board is MISSING: the table says so, and it is
# never counted as passed. The status is non-zero unless every program ended well on every board.
set -euo pipefail
cd "$(dirname "$0")"
exec </dev/null

boards=(lm3s6965evb microbit mps2-an386 mps2-an505 virt virt-imc)
declare -A target=(
    [lm3s6965evb]=thumbv7m-none-eabi
    [microbit]=thumbv6m-none-eabi
    [mps2-an386]=thumbv7em-none-eabihf
    [mps2-an505]=thumbv8m.main-none-eabi
    [virt]=riscv32imac-unknown-none-elf
    [virt-imc]=riscv32imc-unknown-none-elf
)
arm=(qemu-system-arm -M)
riscv=(qemu-system-riscv32 -bios none -M virt)

usage="usage: examples/firmware/run.sh [board...], where a board is one of: ${boards[*]}"
for board in "$@"; do
    [[ -v target[$board] ]] || { echo "$usage" >&2; exit 2; }
done
[ $# -eq 0 ] || boards=("$@")

programs=()
for source in src/bin/*; do
    source=${source##*/}
    programs+=("${source%.rs}")
done

# No program takes longer than a few seconds.
patience=60
# An instruction takes 64 ns, whatever else this machine does: interrupts come in the middle of any block of
# instructions, and at the same ones the next time.
pace=(-icount "shift=6,sleep=off")
console=(-nographic -semihosting-config "enable=on,target=native")

artifacts=${CARGO_TARGET_DIR-target}
table=()
failed=0

# file BOARD PROGRAM RESULT
file() {
    table+=("$(printf '%-12s %-12s %s' "$@")")
    echo "==> ${table[-1]}"
    [ "$3" = ok ] || failed=$((failed + 1))
}

# --- What is needed ------------------------------------------------------------------------------------------

# install PACKAGES...: of the system.
install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    # The lists of packages may be as old as the image.
    apt-get install -y --no-install-recommends "$@" \
        || { apt-get update && apt-get install -y --no-install-recommends "$@"; }
}

# emulator COMMAND
emulator() {
    local package=qemu-system-arm
    [ "$1" != qemu-system-riscv32 ] || package=qemu-system-misc
    command -v "$1" >/dev/null || install "$package" >&2 && command -v "$1" >/dev/null
}

# Routes to a compiler with `core` for a target. Each fails where it cannot be taken, and sets `cargo` and `build_std`.

installed() {
    cargo=(cargo) build_std=()
    [ -d "$(rustc --print target-libdir --target "$1")" ]
}

added() {
    cargo=(cargo) build_std=()
    command -v rustup >/dev/null && rustup target add "$1" && installed "$1"
}

# Debian's compiler brings the sources of `core` with it, which is built along.
debian() {
    cargo=(env RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc /usr/bin/cargo) build_std=(-Zbuild-std=core)
    install rustc-web cargo-web rust-web-src rust-web-llvm lld-22 llvm-22 gcc libc6-dev
}

routes=(installed added debian)
declare -A says=(
    [installed]="the target is installed"
    [added]="rustup added the target"
    [debian]="Debian's compiler, which builds core too"
)

# --- A board -------------------------------------------------------------------------------------------------

# build BOARD: takes the first route that works, and says which.
build() {
    local route
    for route in "${routes[@]}"; do
        "$route" "${target[$1]}" || continue
        printf '\n==> %s: %s, %s (%s)\n' "$(date +%H:%M:%S)" "$1" "${target[$1]}" "${says[$route]}"
        "${cargo[@]}" build --locked --release --bins --target-dir "$artifacts" --target "${target[$1]}" \
            "${build_std[@]}"
        return
    done
    return 3
}

# run BOARD PROGRAM: the status is 0 if the program said so, and ended with it.
run() {
    local machine output status
    case $1 in
        virt) machine=("${riscv[@]}") ;;
        virt-imc) machine=("${riscv[@]}" -cpu "rv32,a=false") ;;
        *) machine=("${arm[@]}" "$1") ;;
    esac
    set +e
    output=$(timeout --kill-after=5 "$patience" "${machine[@]}" "${pace[@]}" "${console[@]}" \
        -kernel "$artifacts/${target[$1]}/release/$2" 2>&1)
    status=$?
    set -e
    echo "$output"
    case $status in
        0)
            # A program that never ran would not say so.
            if grep -q "^$2: ok" <<<"$output"; then file "$1" "$2" ok; else file "$1" "$2" "FAILED: silent"; fi
            ;;
        124) file "$1" "$2" "FAILED: no end after $patience s" ;;
        *) file "$1" "$2" "FAILED: status $status" ;;
    esac
}

all() {
    local board=$1 result=$2 program
    for program in "${programs[@]}"; do
        file "$board" "$program" "$result"
    done
}

for board in "${boards[@]}"; do
    case $board in
        virt*) emulator=${riscv[0]} ;;
        *) emulator=${arm[0]} ;;
    esac
    if ! emulator "$emulator"; then
        all "$board" "MISSING: $emulator"
        continue
    fi
    status=0
    build "$board" || status=$?
    case $status in
        0) ;;
        3) all "$board" "MISSING: the target ${target[$board]}"; continue ;;
        *) all "$board" "FAILED: not built"; continue ;;
    esac
    for program in "${programs[@]}"; do
        run "$board" "$program"
    done
done

printf '\n%-12s %-12s %s\n' board program result
printf '%s\n' "${table[@]}"
runs=$((${#boards[@]} * ${#programs[@]}))
printf '\n%d of %d runs ended well, in %d min %d s\n' $((runs - failed)) "$runs" $((SECONDS / 60)) $((SECONDS % 60))
[ "$failed" = 0 ]
