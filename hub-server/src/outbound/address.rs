//! Which addresses the hub may call. Pure: an address and the allowed networks in, an answer out.

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::str::FromStr;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

/// A network as an operator writes it: `192.168.7.0/24`, `fd00::/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

/// Networks of IPv4 that are not the public Internet (IANA's registry of special-purpose addresses).
const SPECIAL_V4: [Network; 15] = [
    v4(0, 0, 0, 0, 8),       // this network, unspecified
    v4(10, 0, 0, 0, 8),      // private
    v4(100, 64, 0, 0, 10),   // carrier-grade NAT
    v4(127, 0, 0, 0, 8),     // loopback
    v4(169, 254, 0, 0, 16),  // link-local
    v4(172, 16, 0, 0, 12),   // private
    v4(192, 0, 0, 0, 24),    // protocol assignments
    v4(192, 0, 2, 0, 24),    // documentation
    v4(192, 88, 99, 0, 24),  // relays of 6to4
    v4(192, 168, 0, 0, 16),  // private
    v4(198, 18, 0, 0, 15),   // benchmarks
    v4(198, 51, 100, 0, 24), // documentation
    v4(203, 0, 113, 0, 24),  // documentation
    v4(224, 0, 0, 0, 4),     // multicast
    v4(240, 0, 0, 0, 4),     // reserved, broadcast
];

/// What IPv6 calls the public Internet ...
const PUBLIC_V6: Network = v6([0x2000, 0, 0], 3);
/// ... less these.
const SPECIAL_V6: [Network; 4] = [
    v6([0x2001, 0, 0], 23),     // protocol assignments, Teredo, ORCHID
    v6([0x2001, 0xdb8, 0], 32), // documentation
    v6([0x2002, 0, 0], 16),     // 6to4: an IPv4 address in disguise
    v6([0x3fff, 0, 0], 20),     // documentation
];
/// The well-known prefix of NAT64: an IPv4 address stands in its last 32 bits.
const NAT64: Network = v6([0x64, 0xff9b, 0], 96);

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Network {
    Network {
        first: IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
        prefix,
    }
}

const fn v6(start: [u16; 3], prefix: u8) -> Network {
    Network {
        first: IpAddr::V6(Ipv6Addr::new(start[0], start[1], start[2], 0, 0, 0, 0, 0)),
        prefix,
    }
}

/// Where an address lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the public Internet.
    Public,
    /// In a network that the operator allowed.
    Allowed,
    /// Anywhere else: it is not called.
    Forbidden,
}

/// Says whether an address may be called.
pub fn place(address: IpAddr, allowed: &[Network]) -> Place {
    let address = address.to_canonical();
    if is_never(address) {
        Place::Forbidden
    } else if allowed.iter().any(|network| network.contains(address)) {
        Place::Allowed
    } else if is_public(address) {
        Place::Public
    } else {
        Place::Forbidden
    }
}

/// Clouds hand out a machine's own credentials at these; no network that an operator allows includes them.
fn is_never(address: IpAddr) -> bool {
    let is_metadata = match address {
        IpAddr::V4(address) => address == Ipv4Addr::new(169, 254, 169, 254),
        IpAddr::V6(address) => {
            address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
                || embedded(address).is_some_and(|inner| is_never(IpAddr::V4(inner)))
        }
    };
    is_metadata || address.is_unspecified() || address.is_multicast()
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => !SPECIAL_V4.iter().any(|network| network.contains(address)),
        IpAddr::V6(inner) => match embedded(inner) {
            Some(inner) => is_public(IpAddr::V4(inner)),
            None => {
                PUBLIC_V6.contains(address)
                    && !SPECIAL_V6.iter().any(|network| network.contains(address))
            }
        },
    }
}

/// The IPv4 address that NAT64 makes of an IPv6 address.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b, c, d] = address.octets();
    NAT64
        .contains(IpAddr::V6(address))
        .then(|| Ipv4Addr::new(a, b, c, d))
}

impl Network {
    /// Whether the address is one of the network's.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let drop = 32 - u32::from(self.prefix);
                first.to_bits().checked_shr(drop).unwrap_or(0)
                    == address.to_bits().checked_shr(drop).unwrap_or(0)
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let drop = 128 - u32::from(self.prefix);
                first.to_bits().checked_shr(drop).unwrap_or(0)
                    == address.to_bits().checked_shr(drop).unwrap_or(0)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Why a text is no network.
#[derive(Debug, thiserror::Error)]
#[error("is not a network such as 192.168.7.0/24 or fd00::/8, or an address")]
pub struct NoNetwork;

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| NoNetwork)?;
        // An IPv4 network written as IPv6 has a prefix that means something else.
        if first.to_canonical() != first {
            return Err(NoNetwork);
        }
        let most = if first.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => most,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| NoNetwork)?
            }
            Some(_) => return Err(NoNetwork),
        };
        (prefix <= most)
            .then_some(Self { first, prefix })
            .ok_or(NoNetwork)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place_of(address: &str, allowed: &[&str]) -> Place {
        let allowed: Vec<Network> = allowed.iter().map(|text| text.parse().unwrap()).collect();
        place(address.parse().unwrap(), &allowed)
    }

    /// ThingsBoard CVE-2025-34282: no private, local or disguised address is called.
    #[test]
    fn what_is_not_the_public_internet_is_forbidden_in_every_disguise() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "169.254.1.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::7f00:1",
            "64:ff9b:1::808:808",
            "100::1",
            "fc00::1",
            "fd12:3456::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff::1",
            "4000::1",
        ] {
            assert_eq!(place_of(address, &[]), Place::Forbidden, "{address}");
        }
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.1.1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2606:4700::1111",
            "2a00:1450::1",
            "2003::1",
        ] {
            assert_eq!(place_of(address, &[]), Place::Public, "{address}");
        }
    }

    #[test]
    fn an_allowed_network_opens_itself_and_never_the_clouds_metadata() {
        assert_eq!(place_of("192.168.7.9", &["192.168.7.0/24"]), Place::Allowed);
        assert_eq!(
            place_of("::ffff:192.168.7.9", &["192.168.7.0/24"]),
            Place::Allowed
        );
        assert_eq!(
            place_of("192.168.8.9", &["192.168.7.0/24"]),
            Place::Forbidden
        );
        assert_eq!(place_of("fd12::9", &["fd12::/16"]), Place::Allowed);
        assert_eq!(place_of("127.0.0.1", &["127.0.0.1"]), Place::Allowed);
        assert_eq!(place_of("127.0.0.2", &["127.0.0.1"]), Place::Forbidden);
        for address in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fd00:ec2::254",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "ff02::1",
        ] {
            assert_eq!(
                place_of(address, &["0.0.0.0/0", "::/0", "169.254.169.254/32"]),
                Place::Forbidden,
                "{address}"
            );
        }
    }

    #[test]
    fn a_text_that_is_no_network_is_refused() {
        for text in [
            "",
            "/",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "10.0.0/8",
            "fd00::/129",
            "::ffff:10.0.0.0/104",
            "example.com",
            "10.0.0.0 /8",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text:?}");
        }
        let written: Network = "10.0.0.0/8".parse().unwrap();
        assert_eq!(written.to_string(), "10.0.0.0/8");
    }

    proptest! {
        #[test]
        fn an_ipv4_address_is_judged_alike_in_each_of_its_forms(bits in any::<u32>()) {
            let plain = Ipv4Addr::from_bits(bits);
            let nat64 = Ipv6Addr::from_bits((0x0064_ff9b_u128 << 96) | u128::from(bits));
            let judged = place(IpAddr::V4(plain), &[]);
            prop_assert_eq!(judged, place(IpAddr::V6(plain.to_ipv6_mapped()), &[]));
            prop_assert_eq!(judged, place(IpAddr::V6(nat64), &[]));
            prop_assert_eq!(Place::Forbidden, place(IpAddr::V6(plain.to_ipv6_compatible()), &[]));
        }
    }
}
