//! Broken twins: a protocol's own source with one thing wrong in it, so that nothing of them lives in `src/`.
//!
//! A twin is the source as it ships, without comments and with one space for any white space, in which each
//! pattern stands exactly once and is replaced. If the source changes so that a pattern is lost, the build says so.

mod adjustable;
mod bucket;
mod bulkhead;
mod last_calls;
mod last_time;
mod protocol;

/// The twins of one source file.
pub struct Family {
    /// The file that ships.
    pub source: &'static str,
    /// Where what a twin has of its own begins: types before it are shared with what ships.
    pub begin: &'static str,
    pub twins: &'static [Twin],
}

/// One thing wrong.
pub struct Twin {
    /// Of the module and of its file.
    pub name: &'static str,
    /// Each a pattern and what stands in its place.
    pub changes: &'static [(&'static str, &'static str)],
}

impl Family {
    /// The twin's source, or why there is none.
    pub fn write(&self, twin: &Twin, source: &str) -> Result<String, String> {
        let words = source
            .lines()
            .map(|line| line.split("//").next().unwrap_or(""))
            .flat_map(str::split_whitespace);
        let mut text = words.collect::<Vec<_>>().join(" ");
        let begin = self.only(twin, &text, self.begin)?;
        text.drain(..begin);
        for (pattern, change) in twin.changes {
            let at = self.only(twin, &text, pattern)?;
            text.replace_range(at..at + pattern.len(), change);
        }
        // A source's own tests are not a twin's. Lines again, for whoever reads what the compiler says about one.
        Ok(text
            .replace("#[cfg(test)] mod tests;", "")
            .replace("; ", ";\n")
            .replace("{ ", "{\n"))
    }

    fn only(&self, twin: &Twin, text: &str, pattern: &str) -> Result<usize, String> {
        let mut places = text.match_indices(pattern);
        match (places.next(), places.next()) {
            (Some((at, _)), None) => Ok(at),
            (first, _) => Err(format!(
                "twins.rs: this pattern stands {} in {}, but the twin `{}` needs it exactly once: `{pattern}`",
                if first.is_none() {
                    "nowhere"
                } else {
                    "more than once"
                },
                self.source,
                twin.name,
            )),
        }
    }
}

pub const FAMILIES: &[Family] = &[
    Family {
        source: "../src/breaker/protocol.rs",
        begin: "#[inline] pub fn admit_closed<",
        twins: protocol::TWINS,
    },
    Family {
        source: "../src/breaker/window/last_calls.rs",
        begin: "#[derive(Clone, Copy, Debug)] pub struct Tape<K>",
        twins: last_calls::TWINS,
    },
    Family {
        source: "../src/breaker/window/last_time.rs",
        begin: "#[derive(Clone, Copy, Debug)] pub struct Ring<K>",
        twins: last_time::TWINS,
    },
    Family {
        source: "../src/bucket/protocol.rs",
        begin: "pub fn acquire<",
        twins: bucket::PROTOCOL,
    },
    Family {
        source: "../src/bucket/protocol.rs",
        begin: "pub trait Source {",
        twins: bucket::SAME,
    },
    Family {
        source: "../src/bucket/word.rs",
        begin: "const SET: u32 = 1;",
        twins: bucket::WORD,
    },
    Family {
        source: "../src/bucket/terms.rs",
        begin: "#[derive(Clone, Copy, Debug, PartialEq, Eq)] pub struct Fixed<W>",
        twins: bucket::TERMS,
    },
    Family {
        source: "../src/bucket/adjustable/change.rs",
        begin: "pub fn claim<",
        twins: adjustable::CHANGE,
    },
    Family {
        source: "../src/bucket/protocol.rs",
        begin: "pub fn acquire<",
        twins: adjustable::PROTOCOL,
    },
    Family {
        source: "../src/bulkhead/protocol.rs",
        begin: "#[inline] pub fn enter<",
        twins: bulkhead::ALONE,
    },
    Family {
        source: "../src/bulkhead/waiting/protocol.rs",
        begin: "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)] pub enum Step {",
        twins: bulkhead::PROTOCOL,
    },
    Family {
        source: "../src/bulkhead/waiting/protocol.rs",
        begin: "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)] pub enum Step {",
        twins: bulkhead::PROTOCOL_SAME,
    },
    Family {
        source: "../src/bulkhead/waiting/word.rs",
        begin: "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)] pub struct Ticket(u32);",
        twins: bulkhead::WORD,
    },
    Family {
        source: "../src/bulkhead/waiting/word.rs",
        begin: "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)] pub struct Ticket(u32);",
        twins: bulkhead::WORD_SAME,
    },
];
