//! error: `Rc<Waiting<8>>` cannot be sent between threads safely

use std::rc::Rc;
use std::thread;
use watertight::bulkhead::Waiting;

fn main() {
    let enter = Waiting::<8>::enter_owned(Rc::new(Waiting::new(10)));
    let _ = thread::spawn(move || drop(enter));
}
