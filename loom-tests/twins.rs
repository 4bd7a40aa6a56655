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
    /// Whether the twins have the source's orderings. Those that only the explorer plays, to which every step is seen by
    /// everybody at once, have none, and so stay what they are when one is weakened.
    pub orderings: bool,
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
        let mut text = self.ordered(&words.collect::<Vec<_>>().join(" "));
        let begin = self.only(twin, &text, self.begin)?;
        text.drain(..begin);
        for (pattern, change) in twin.changes {
            let pattern = self.ordered(pattern);
            let at = self.only(twin, &text, &pattern)?;
            text.replace_range(at..at + pattern.len(), change);
        }
        // A source's own tests are not a twin's. Lines again, for whoever reads what the compiler says about one.
        Ok(text
            .replace("#[cfg(test)] mod tests;", "")
            .replace("; ", ";\n")
            .replace("{ ", "{\n"))
    }

    fn ordered(&self, text: &str) -> String {
        if self.orderings {
            return text.to_owned();
        }
        ["AcqRel", "Acquire", "Release"]
            .iter()
            .fold(text.to_owned(), |text, order| {
                text.replace(&format!("Ordering::{order}"), "Ordering::Relaxed")
            })
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
        orderings: true,
        twins: protocol::TWINS,
    },
    Family {
        source: "../src/breaker/window/last_calls.rs",
        begin: "#[derive(Clone, Copy, Debug)] pub struct Tape<K>",
        orderings: true,
        twins: last_calls::TWINS,
    },
    Family {
        source: "../src/breaker/window/last_time.rs",
        begin: "#[derive(Clone, Copy, Debug)] pub struct Ring<K>",
        orderings: true,
        twins: last_time::TWINS,
    },
    Family {
        source: "../src/bucket/protocol.rs",
        begin: "pub fn acquire<",
        orderings: true,
        twins: bucket::PROTOCOL,
    },
    Family {
        source: "../src/bucket/protocol.rs",
        begin: "pub trait Source {",
        orderings: true,
        twins: bucket::SAME,
    },
    Family {
        source: "../src/bucket/word.rs",
        begin: "const SET: u32 = 1;",
        orderings: true,
        twins: bucket::WORD,
    },
    Family {
        source: "../src/bucket/terms.rs",
        begin: "#[derive(Clone, Copy, Debug, PartialEq, Eq)] pub struct Fixed<W>",
        orderings: true,
        twins: bucket::TERMS,
    },
    Family {
        source: "../src/bucket/adjustable/change.rs",
        begin: "pub fn claim<",
        orderings: true,
        twins: adjustable::CHANGE,
    },
    Family {
        source: "../src/bucket/protocol.rs",
        begin: "pub fn acquire<",
        orderings: true,
        twins: adjustable::PROTOCOL,
    },
    Family {
        source: "../src/bulkhead/protocol.rs",
        begin: "#[inline] pub fn enter<",
        orderings: false,
        twins: bulkhead::ALONE,
    },
    Family {
        source: "../src/bulkhead/waiting/protocol.rs",
        begin: "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)] pub enum Step {",
        orderings: false,
        twins: bulkhead::PROTOCOL,
    },
    Family {
        source: "../src/bulkhead/waiting/protocol.rs",
        begin: "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)] pub enum Step {",
        orderings: false,
        twins: bulkhead::PROTOCOL_SAME,
    },
    Family {
        source: "../src/bulkhead/waiting/word.rs",
        begin: "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)] pub struct Ticket(u32);",
        orderings: false,
        twins: bulkhead::WORD,
    },
    Family {
        source: "../src/bulkhead/waiting/word.rs",
        begin: "#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)] pub struct Ticket(u32);",
        orderings: false,
        twins: bulkhead::WORD_SAME,
    },
];
