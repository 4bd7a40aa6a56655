//! error: `Rc<Bulkhead>` cannot be sent between threads safely

use std::rc::Rc;
use std::thread;
use watertight::Bulkhead;

fn main() {
    let slot = Bulkhead::try_enter_owned(Rc::new(Bulkhead::new(10)));
    let _ = thread::spawn(move || drop(slot));
}
