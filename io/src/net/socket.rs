//! Plain socket calls that never block.
//!
//! Owns nothing. Knows no ring and no task.

use std::io;
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::ring::address::RawAddress;

fn check(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A new TCP socket for the address's family. Streams are non-blocking, because sendfile(2) needs that.
pub(super) fn tcp_socket(address: SocketAddr, non_blocking: bool) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let extra = if non_blocking { libc::SOCK_NONBLOCK } else { 0 };
    // SAFETY: plain system call without pointers.
    let fd = check(unsafe { libc::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC | extra, 0) })?;
    // SAFETY: the descriptor is new and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

pub(super) fn set_option(fd: &OwnedFd, level: i32, name: i32, value: i32) -> io::Result<()> {
    let size = size_of::<i32>() as libc::socklen_t;
    // SAFETY: the value lives through the call and its size is given.
    check(unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, (&raw const value).cast(), size) })?;
    Ok(())
}

pub(super) fn bind_and_listen(fd: &OwnedFd, address: SocketAddr, backlog: i32) -> io::Result<()> {
    let raw = RawAddress::new(address);
    // SAFETY: `raw` holds an address of the length it says.
    check(unsafe { libc::bind(fd.as_raw_fd(), (&raw const raw.storage).cast(), raw.length) })?;
    // SAFETY: plain system call without pointers.
    check(unsafe { libc::listen(fd.as_raw_fd(), backlog) })?;
    Ok(())
}

type AddressCall = unsafe extern "C" fn(i32, *mut libc::sockaddr, *mut libc::socklen_t) -> i32;

pub(super) fn local_address(fd: &OwnedFd) -> io::Result<SocketAddr> {
    address_by(fd, libc::getsockname)
}

pub(super) fn peer_address(fd: &OwnedFd) -> io::Result<SocketAddr> {
    address_by(fd, libc::getpeername)
}

fn address_by(fd: &OwnedFd, call: AddressCall) -> io::Result<SocketAddr> {
    let mut storage = MaybeUninit::<libc::sockaddr_storage>::zeroed();
    let mut length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    // SAFETY: storage and length are valid for the kernel to fill.
    check(unsafe { call(fd.as_raw_fd(), storage.as_mut_ptr().cast(), &raw mut length) })?;
    // SAFETY: zeroed storage is valid, and the kernel has filled it for a socket.
    decode_address(unsafe { storage.assume_init_ref() })
}

fn decode_address(storage: &libc::sockaddr_storage) -> io::Result<SocketAddr> {
    let at = (&raw const *storage).cast::<u8>();
    match i32::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that the storage holds a sockaddr_in; storage is aligned for every kind.
            let raw = unsafe { &*at.cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(raw.sin_addr.s_addr.to_ne_bytes());
            Ok(SocketAddrV4::new(ip, u16::from_be(raw.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above, for sockaddr_in6.
            let raw = unsafe { &*at.cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(raw.sin6_addr.s6_addr);
            let port = u16::from_be(raw.sin6_port);
            Ok(SocketAddrV6::new(ip, port, raw.sin6_flowinfo, raw.sin6_scope_id).into())
        }
        family => Err(io::Error::other(format!("a socket of family {family} is not TCP"))),
    }
}

/// Sends what the socket takes at once; `WouldBlock` when it takes nothing.
pub(super) fn send_now(fd: &OwnedFd, data: &[u8], more: bool) -> io::Result<usize> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL | if more { libc::MSG_MORE } else { 0 };
    loop {
        // SAFETY: pointer and length describe `data`.
        let n = unsafe { libc::send(fd.as_raw_fd(), data.as_ptr().cast(), data.len(), flags) };
        match usize::try_from(n) {
            Ok(n) => return Ok(n),
            Err(_) => retry_if_interrupted()?,
        }
    }
}

/// sendfile(2): moves pages from the file's cache to the socket. `WouldBlock` when the socket takes nothing.
pub(super) fn send_file_now(
    socket: &OwnedFd,
    file: &OwnedFd,
    position: u64,
    length: usize,
) -> io::Result<usize> {
    loop {
        let mut offset = position as libc::off_t;
        // SAFETY: both descriptors are open; `offset` outlives the call.
        let n = unsafe { libc::sendfile(socket.as_raw_fd(), file.as_raw_fd(), &raw mut offset, length) };
        match usize::try_from(n) {
            Ok(n) => return Ok(n),
            Err(_) => retry_if_interrupted()?,
        }
    }
}

fn retry_if_interrupted() -> io::Result<()> {
    let error = io::Error::last_os_error();
    if error.kind() == io::ErrorKind::Interrupted { Ok(()) } else { Err(error) }
}

pub(super) fn shutdown(fd: &OwnedFd, how: i32) -> io::Result<()> {
    // SAFETY: plain system call without pointers.
    check(unsafe { libc::shutdown(fd.as_raw_fd(), how) })?;
    Ok(())
}
