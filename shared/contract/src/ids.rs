//! Identities: UUIDv7 newtypes, so that a gate's id can never stand where an edge's belongs.

use std::fmt;
use std::str::FromStr;

use minicbor::decode;
use minicbor::encode;
use serde::Deserialize;
use serde::Serialize;
use uuid::Uuid;

use crate::time::Timestamp;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Makes a new id: UUIDv7 from the time given and ten random bytes.
            pub fn new(at: Timestamp, random: [u8; 10]) -> Self {
                Self(uuid_v7(at, random))
            }

            /// The 16 bytes, as they travel and as the store keeps them.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), encode::Error<W::Error>> {
                e.bytes(self.0.as_bytes())?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                let position = d.position();
                Uuid::from_slice(d.bytes()?)
                    .map(Self)
                    .map_err(|_| decode::Error::message("an id has 16 bytes").at(position))
            }
        }
    };
}

id!(
    /// A tenant: a municipality, a fleet, a car-park operator.
    OrganisationId
);
id!(
    /// One of an organisation's places.
    SiteId
);
id!(
    /// One barrier with its cameras, loops and pins.
    GateId
);
id!(
    /// One edge-agent's identity, bound to its certificate.
    EdgeId
);
id!(
    /// One vehicle's or person's way through a gate.
    PassageId
);
id!(
    /// What lets a plate through a gate.
    PermitId
);
id!(
    /// One order to move a barrier by hand; it runs at most once.
    OrderId
);
id!(
    /// One visit, from entry to exit.
    VisitId
);
id!(
    /// A console account.
    AccountId
);

fn uuid_v7(at: Timestamp, random: [u8; 10]) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(at.as_millis().max(0).unsigned_abs(), &random)
        .into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_later_sort_later_and_survive_cbor() {
        let early = PassageId::new(Timestamp::from_millis(1_000), [9; 10]);
        let late = PassageId::new(Timestamp::from_millis(2_000), [1; 10]);
        assert!(early < late);
        assert_eq!(early.0.get_version_num(), 7);
        let bytes = minicbor::to_vec(early).unwrap();
        assert_eq!(minicbor::decode::<PassageId>(&bytes).unwrap(), early);
    }

    #[test]
    fn an_id_of_the_wrong_length_is_refused() {
        let bytes = minicbor::to_vec(minicbor::bytes::ByteVec::from(vec![1, 2, 3])).unwrap();
        assert!(minicbor::decode::<PassageId>(&bytes).is_err());
    }
}
