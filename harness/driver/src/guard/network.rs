//! Taking the network from the process that is to become the driver.

use crate::network::Network;

/// What the network namespace does not reach: they belong to the file system.
#[cfg(target_os = "linux")]
const NOT_UNIX: &str = "Unix sockets in the file system not restricted";

/// Does what it can, and says what was done, in a sentence for the report.
///
/// To be called before the process is tied to its guard: a change of credentials undoes that.
#[cfg(target_os = "linux")]
pub(super) fn restrict(wanted: Network) -> String {
    if wanted == Network::Any {
        return "network not restricted: the driver did not give it up".to_owned();
    }
    if let Err(reason) = linux::enter_namespace() {
        return format!("network not restricted: {reason}");
    }
    if wanted == Network::None {
        return format!("no network (a namespace without interfaces); {NOT_UNIX}");
    }
    match linux::loopback_up() {
        Ok(()) => format!("no network but a loopback interface of its own; {NOT_UNIX}"),
        Err(error) => format!(
            "no network, and its own loopback interface could not be started ({error}); {NOT_UNIX}"
        ),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn restrict(wanted: Network) -> String {
    match wanted {
        Network::Any => "network not restricted: the driver did not give it up".to_owned(),
        Network::None | Network::Loopback => {
            "network not restricted: this system has no network namespaces".to_owned()
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{fs, io};

    use rustix::{
        net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink},
        process::{getegid, geteuid},
        thread::UnshareFlags,
    };

    /// Says 1 where only programs with a profile may have a user namespace that is good for
    /// something. What the kernel lets us enter then cannot be left again.
    const APPARMOR: &str = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";

    /// Enters a network namespace of our own: as the superuser directly, as anybody else inside a
    /// user namespace in which every id is what it was.
    pub(super) fn enter_namespace() -> Result<(), String> {
        if unshare(UnshareFlags::NEWNET).is_ok() {
            return Ok(());
        }
        if fs::read(APPARMOR).is_ok_and(|said| said.trim_ascii() == b"1") {
            return Err("AppArmor keeps ordinary users of this system from namespaces".to_owned());
        }
        let (user, group) = (geteuid().as_raw(), getegid().as_raw());
        unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNET)
            .map_err(|error| format!("this system does not let us make a namespace ({error})"))?;
        let write = |file: &str, text: String| {
            fs::write(format!("/proc/self/{file}"), text)
                .map_err(|error| format!("cannot write {file} ({error})"))
        };
        // Without these the driver still has no network, but no name for its user either.
        let _ = write("uid_map", format!("{user} {user} 1"))
            .and_then(|()| write("setgroups", "deny".to_owned()))
            .and_then(|()| write("gid_map", format!("{group} {group} 1")));
        Ok(())
    }

    #[expect(
        deprecated,
        reason = "unsafe for file descriptor tables alone, which these flags leave"
    )]
    fn unshare(flags: UnshareFlags) -> io::Result<()> {
        Ok(rustix::thread::unshare(flags)?)
    }

    /// Sets the flag `IFF_UP` of interface 1, which is the loopback interface of every namespace
    /// (rtnetlink(7)).
    pub(super) fn loopback_up() -> io::Result<()> {
        const RTM_NEWLINK: u16 = 16;
        const NLM_F_REQUEST_ACK: u16 = 1 | 4;
        const IFF_UP: u32 = 1;
        let header = [&32_u32.to_ne_bytes()[..], &RTM_NEWLINK.to_ne_bytes()].concat();
        let header = [&header[..], &NLM_F_REQUEST_ACK.to_ne_bytes(), &[0; 8]].concat();
        let link =
            [&[0; 4][..], &1_i32.to_ne_bytes(), &IFF_UP.to_ne_bytes(), &IFF_UP.to_ne_bytes()];
        let message = [&header[..], &link.concat()].concat();

        let socket = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            None, // NETLINK_ROUTE, which is number 0
        )?;
        rustix::net::sendto(
            &socket,
            &message,
            SendFlags::empty(),
            &netlink::SocketAddrNetlink::new(0, 0),
        )?;
        // An acknowledgement is an error message (type 2) whose number is 0.
        let mut answer = [0; 256];
        let (length, _) = rustix::net::recv(&socket, &mut answer[..], RecvFlags::empty())?;
        let number = |at: usize| -> Option<[u8; 4]> {
            answer.get(..length)?.get(at..at + 4)?.try_into().ok()
        };
        match number(16).map(i32::from_ne_bytes) {
            Some(0) => Ok(()),
            Some(code) => Err(io::Error::from_raw_os_error(code.saturating_neg())),
            None => Err(io::Error::other("the kernel's answer is too short")),
        }
    }
}
