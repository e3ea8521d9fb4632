//! Which CPUs the server runs on, and which the driver.

/// CPUs of either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuLayout {
    /// The server's.
    pub server: Vec<usize>,
    /// Those of the driver's threads; where none is named the kernel's scheduler places the thread.
    pub driver: Vec<Option<usize>>,
}

impl CpuLayout {
    /// One CPU each.
    #[must_use]
    pub fn one_each(server: usize, driver: usize) -> CpuLayout {
        CpuLayout { server: vec![server], driver: vec![Some(driver)] }
    }

    /// Both on all of these, and nobody kept to his own.
    #[must_use]
    pub fn shared(cpus: &[usize]) -> CpuLayout {
        CpuLayout { server: cpus.to_vec(), driver: vec![None; cpus.len()] }
    }

    /// The server's as `0,1`.
    #[must_use]
    pub fn server_list(&self) -> String {
        self.server.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
    }

    /// The one CPU of a server that has no more.
    #[must_use]
    pub fn only(&self) -> Option<usize> {
        match self.server[..] {
            [only] => Some(only),
            _ => None,
        }
    }
}
