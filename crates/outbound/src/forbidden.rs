//! Addresses that no provider and no database has, and that a name server must not lead to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Metadata services outside of the link-local blocks: Alibaba's, Oracle's, Azure's. They give credentials to callers
/// inside the cloud, as a function is.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
];
/// Google's. AWS's are the whole block `fd00:ec2::/32`.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254);

/// Why a connection to `address` is refused. `loopback` says that the machine itself is meant, and nothing else.
///
/// Link-local addresses are where clouds have their metadata services, and Lambda its credentials' endpoint; AWS has the
/// former at `fd00:ec2::254` too. The machine itself has Lambda's runtime API. An IPv4 address inside of an IPv6 one is judged
/// as what it is.
#[must_use]
pub fn refusal(address: IpAddr, loopback: bool) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(four) => of_v4(four, loopback),
        IpAddr::V6(six) => match embedded(six) {
            Some(four) => of_v4(four, loopback),
            None => of_v6(six, loopback),
        },
    }
}

fn of_v4(address: Ipv4Addr, loopback: bool) -> Option<&'static str> {
    match address {
        address if address.is_loopback() => (!loopback).then_some("is the machine itself"),
        _ if loopback => Some("is not the machine itself"),
        // All of 0.0.0.0/8: "this network" (RFC 1122).
        address if address.octets()[0] == 0 => Some("is no address"),
        address if address.is_multicast() || address.is_broadcast() => Some("is a group of machines"),
        address if address.is_link_local() => Some("is link-local, where metadata services are"),
        address if METADATA_V4.contains(&address) => Some("is a metadata service"),
        _ => None,
    }
}

fn of_v6(address: Ipv6Addr, loopback: bool) -> Option<&'static str> {
    match address {
        address if address.is_loopback() => (!loopback).then_some("is the machine itself"),
        _ if loopback => Some("is not the machine itself"),
        address if address.is_unspecified() => Some("is no address"),
        address if address.is_multicast() => Some("is a group of machines"),
        address if address.is_unicast_link_local() => Some("is link-local, where metadata services are"),
        address if address == METADATA_V6 || address.segments()[..2] == [0xfd00, 0x0ec2] => {
            Some("is a metadata service")
        }
        address if is_translated_here(address) => local_translation(address),
        _ => None,
    }
}

/// The IPv4 address that a translator or a tunnel makes of an IPv6 one, where it can stand in one place only. `std` knows the
/// mapped addresses alone. A VPC routes `64:ff9b::/96` to its NAT gateway; the others need a tunnel of the operator's own.
fn embedded(six: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match six.segments() {
        // RFC 6052, section 2.1; RFC 3056; RFC 2765, section 2.1.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..]
        | [0, 0, 0, 0, 0xffff, 0, high, low] => Some(of(high, low)),
        // Teredo, RFC 4380: the client's address, with every bit turned.
        [0x2001, 0, .., high, low] => Some(of(!high, !low)),
        // The deprecated compatible addresses, without :: and ::1, which are what they are.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(of(high, low)),
        _ => None,
    }
}

/// `64:ff9b:1::/48`, which every network may translate by itself (RFC 8215).
fn is_translated_here(six: Ipv6Addr) -> bool {
    six.segments()[..3] == [0x64, 0xff9b, 1]
}

/// Where such an address has the IPv4 one depends on the length of the network's own prefix (RFC 6052, section 2.2): 48, 56,
/// 64 or 96 bits. Whatever it could be must be no address to be refused; what begins with 0 is no address to begin with.
fn local_translation(six: Ipv6Addr) -> Option<&'static str> {
    let at = six.octets();
    let readings = [
        [at[6], at[7], at[9], at[10]],
        [at[7], at[9], at[10], at[11]],
        [at[9], at[10], at[11], at[12]],
        [at[12], at[13], at[14], at[15]],
    ];
    let mut possible = readings
        .into_iter()
        .map(Ipv4Addr::from)
        .filter(|four| four.octets()[0] != 0);
    possible.find_map(|four| of_v4(four, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, expected: Option<&str>) {
        assert_eq!(refusal(address.parse().unwrap(), false), expected, "{address}");
    }

    #[test]
    fn metadata_link_local_and_own_addresses_are_refused_in_every_spelling() {
        for (why, addresses) in [
            (
                "is link-local, where metadata services are",
                &["169.254.169.254", "169.254.170.2", "fe80::1", "febf::1"][..],
            ),
            ("is the machine itself", &["127.0.0.1", "127.8.8.8", "::1"]),
            ("is no address", &["0.0.0.0", "0.1.2.3", "::"]),
            (
                "is a group of machines",
                &["255.255.255.255", "224.0.0.1", "239.1.1.1", "ff02::1"],
            ),
            (
                "is a metadata service",
                &[
                    "100.100.100.200",
                    "168.63.129.16",
                    "192.0.0.192",
                    "fd00:ec2::254",
                    "fd00:ec2::23",
                    "fd20:ce::254",
                ],
            ),
        ] {
            for address in addresses {
                check(address, Some(why));
            }
        }
    }

    #[test]
    fn an_address_inside_of_another_is_judged_as_what_it_is() {
        for (four, [high, low]) in [
            ("169.254.169.254", ["a9fe", "a9fe"]),
            ("127.0.0.1", ["7f00", "0001"]),
            ("100.100.100.200", ["6464", "64c8"]),
            ("168.63.129.16", ["a83f", "8110"]),
            ("192.0.0.192", ["c000", "00c0"]),
            ("93.184.216.34", ["5db8", "d822"]),
            ("10.1.2.3", ["0a01", "0203"]),
        ] {
            let expected = refusal(four.parse().unwrap(), false);
            let turned = |part: &str| format!("{:x}", !u16::from_str_radix(part, 16).unwrap());
            for six in [
                format!("::ffff:{four}"),
                format!("::ffff:0:{four}"),
                format!("::{four}"),
                format!("64:ff9b::{four}"),
                format!("64:ff9b:1::{four}"),
                format!("64:ff9b:1:{high}:{}:{}00::", &low[..2], &low[2..]),
                format!(
                    "64:ff9b:1:0:{}:{}{}:{}00::",
                    &high[..2],
                    &high[2..],
                    &low[..2],
                    &low[2..]
                ),
                format!("2002:{high}:{low}::1"),
                format!("2001:0:4136:e378:8000:63bf:{}:{}", turned(high), turned(low)),
            ] {
                check(&six, expected);
            }
        }
    }

    #[test]
    fn public_and_private_addresses_are_reached() {
        for address in [
            "93.184.216.34",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "192.0.0.193",
            "100.100.100.201",
            "2001:db8::1",
            "fd12:3456::1",
            "fd20:ce::255",
            "2606:4700::6810:85e5",
        ] {
            check(address, None);
        }
    }

    #[test]
    fn a_description_of_the_machine_itself_reaches_nothing_else() {
        for own in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(refusal(own.parse().unwrap(), true), None, "{own}");
        }
        for other in ["10.0.0.1", "169.254.169.254", "fd00:ec2::254", "2001:db8::1"] {
            assert!(refusal(other.parse().unwrap(), true).is_some(), "{other}");
        }
    }
}
