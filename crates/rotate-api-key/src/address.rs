//! Addresses that no provider has, and that a name server must not lead to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why a connection to `address` is refused. `loopback` says that the description names the machine itself.
///
/// Link-local addresses are where clouds have their metadata services, and Lambda its credentials' endpoint; AWS has the
/// former at `fd00:ec2::254` too. The machine itself has Lambda's runtime API.
pub fn refusal(address: IpAddr, loopback: bool) -> Option<&'static str> {
    match canonical(address) {
        address if address.is_loopback() => (!loopback).then_some("is the machine itself"),
        _ if loopback => Some("is not the machine itself"),
        address if address.is_unspecified() => Some("is no address"),
        address if address.is_multicast() => Some("is a group of machines"),
        IpAddr::V4(address) if address.is_link_local() => Some("is link-local, where metadata services are"),
        IpAddr::V4(address) if address.is_broadcast() => Some("is a group of machines"),
        // Alibaba's metadata service; the block is shared, but providers have no address in it.
        IpAddr::V4(address) if address == Ipv4Addr::new(100, 100, 100, 200) => Some("is a metadata service"),
        IpAddr::V6(address) if address.is_unicast_link_local() => {
            Some("is link-local, where metadata services are")
        }
        IpAddr::V6(address) if address.segments()[..2] == [0xfd00, 0x0ec2] => Some("is a metadata service"),
        _ => None,
    }
}

/// The IPv4 address inside of an IPv6 one, if there is one: mapped, or translated (RFC 6052, RFC 3056).
fn canonical(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => embedded(six).map_or(IpAddr::V6(six), IpAddr::V4),
        four @ IpAddr::V4(_) => four,
    }
}

fn embedded(six: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match six.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(of(high, low)),
        // The deprecated compatible addresses, without :: and ::1, which are what they are.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> bool {
        refusal(address.parse().unwrap(), false).is_some()
    }

    #[test]
    fn metadata_link_local_and_own_addresses_are_refused_in_every_spelling() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "100.100.100.200",
            "::",
            "::1",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "::ffff:127.0.0.1",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::",
            "::169.254.169.254",
        ] {
            assert!(refused(address), "{address}");
        }
    }

    #[test]
    fn public_and_private_addresses_are_reached() {
        for address in [
            "93.184.216.34",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "2001:db8::1",
            "fd12:3456::1",
            "64:ff9b::5db8:d822",
        ] {
            assert!(!refused(address), "{address}");
        }
    }

    #[test]
    fn a_description_of_the_machine_itself_reaches_nothing_else() {
        assert_eq!(refusal("127.0.0.1".parse().unwrap(), true), None);
        assert_eq!(refusal("::1".parse().unwrap(), true), None);
        assert!(refusal("10.0.0.1".parse().unwrap(), true).is_some());
    }
}
