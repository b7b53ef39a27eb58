//! NAL units to RTP packets, as RFC 6184 packs them: small ones together, large ones in pieces.

/// The most bytes of a payload.
const LONGEST: usize = 1400;
/// The payload type that the description names.
const PAYLOAD_TYPE: u8 = 96;

/// Numbers the packets of one session.
#[derive(Clone, Debug)]
pub struct Packer {
    sequence: u16,
    source: u32,
}

impl Packer {
    /// Starts just before the numbers wrap, so that every session passes over it.
    pub fn new() -> Self {
        Self {
            sequence: u16::MAX - 20,
            source: 0x6761_7465,
        }
    }

    /// The packets of one picture: parameter sets as one STAP-A, small slices alone, large ones as FU-A.
    pub fn pack(&mut self, nals: &[Vec<u8>], timestamp: u32) -> Vec<Vec<u8>> {
        let (sets, slices): (Vec<_>, Vec<_>) = nals
            .iter()
            .partition(|nal| matches!(nal.first().map(|header| header & 0x1f), Some(7 | 8)));
        let mut payloads = Vec::new();
        if !sets.is_empty() {
            let mut payload = vec![0x78];
            for set in sets {
                payload.extend_from_slice(&(set.len() as u16).to_be_bytes());
                payload.extend_from_slice(set);
            }
            payloads.push(payload);
        }
        for slice in slices {
            if slice.len() <= LONGEST {
                payloads.push(slice.clone());
                continue;
            }
            let pieces: Vec<&[u8]> = slice[1..].chunks(LONGEST - 2).collect();
            let last = pieces.len() - 1;
            for (index, piece) in pieces.iter().enumerate() {
                let first = if index == 0 { 0x80 } else { 0 };
                let end = if index == last { 0x40 } else { 0 };
                let flags = first | end | slice[0] & 0x1f;
                payloads.push([&[slice[0] & 0x60 | 28, flags], *piece].concat());
            }
        }
        let last = payloads.len().saturating_sub(1);
        payloads
            .iter()
            .enumerate()
            .map(|(index, payload)| self.packet(payload, timestamp, index == last))
            .collect()
    }

    fn packet(&mut self, payload: &[u8], timestamp: u32, mark: bool) -> Vec<u8> {
        let kind = PAYLOAD_TYPE | if mark { 0x80 } else { 0 };
        let mut packet = vec![0x80, kind];
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&timestamp.to_be_bytes());
        packet.extend_from_slice(&self.source.to_be_bytes());
        packet.extend_from_slice(payload);
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }
}

impl Default for Packer {
    fn default() -> Self {
        Self::new()
    }
}
