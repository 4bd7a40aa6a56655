//! The ground of the programs in `src/bin`: a small layer that makes five kinds of microcontroller look alike.

#![no_std]

pub mod board;
