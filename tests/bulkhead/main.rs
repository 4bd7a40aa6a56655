//! Bulkheads: alone, with waiters, and with a bucket.

mod waiting;
