//! Every primitive in a `static`. Some are shared with an interrupt that comes at a different instruction each time:
//! `main` and the handler both call them, and nothing is locked. At the end, what was granted and handed out is
//! compared with ledgers of its own.

#![no_std]
#![no_main]

mod alone;
mod shared;

use watertight_firmware::{println, program};

fn run() {
    alone::each();
    let interrupts = shared::run();
    println!("smoke: ok, {interrupts} interrupts");
}

program!(run, shared::on_timer, shared::Local = shared::Local::NEW);
