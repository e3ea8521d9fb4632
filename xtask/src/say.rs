//! Lines for the user.

/// Prints a line on stdout. The reader may have gone (`cargo xtask fuzz --list | head`): that is no reason to stop.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}
