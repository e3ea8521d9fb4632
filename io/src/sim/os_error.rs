//! Errors with the system's numbers.

use std::io;

pub(crate) fn os_error(code: i32) -> io::Error {
    io::Error::from_raw_os_error(code)
}
