//! RTP payloads to pictures' worth of H.264 (RFC 6184, single NAL, STAP-A and FU-A), with bounds. Pure.
//!
//! The RTSP library has a depacketizer of its own; it takes as much memory as a camera sends before it ends a picture,
//! and keeps one parameter set of each kind. What holds here:
//! - Nothing grows beyond [`LONGEST_UNIT`] and [`MOST_SETS`], whatever comes.
//! - A picture that is not whole, and every one that builds on it, is dropped until the next key frame.
//! - No bytes make it panic.

use std::collections::VecDeque;

/// The most bytes of one picture: a key frame in 4K at the best quality has less than half.
pub(super) const LONGEST_UNIT: usize = 4 << 20;
/// The most parameter sets that one picture may bring.
pub(super) const MOST_SETS: usize = 64;
/// The most bytes of one parameter set; usual ones have less than 100.
const LONGEST_SET: usize = 4096;
/// What stands before each NAL unit for the decoder.
pub(super) const START: [u8; 4] = [0, 0, 0, 1];

/// One RTP packet of the camera's video.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    /// Behind the RTP header.
    pub(super) payload: &'a [u8],
    /// The picture's time in the camera's clock; the same in all packets of a picture.
    pub(super) timestamp: i64,
    /// The last packet of a picture.
    pub(super) mark: bool,
    /// Packets were lost before this one.
    pub(super) loss: bool,
}

/// What decodes to one picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    /// Parameter sets that came with it, each without a start code.
    pub(super) sets: Vec<Vec<u8>>,
    /// Its slices, each behind a start code.
    pub(super) slices: Vec<u8>,
    /// It needs no other picture.
    pub(super) is_key: bool,
    /// Other pictures may need it.
    pub(super) is_reference: bool,
}

/// Why a picture was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// Packets were lost in it.
    Lost,
    /// A packet is cut off.
    CutOff,
    /// A packet, or a NAL unit in it, is of a kind that a camera does not send.
    UnknownKind(u8),
    /// Fragments do not follow each other.
    Fragments,
    /// The beginning of the picture is missing.
    NoBeginning,
    /// It has more bytes or parameter sets than a picture may have.
    TooLong,
}

/// Joins packets to [`Unit`]s.
#[derive(Debug)]
pub(super) struct Assembler {
    /// Other pictures than key frames are not wanted at all.
    only_keys: bool,
    /// Nothing is wanted before the next key frame.
    waits: bool,
    /// The picture that is being put together.
    open: Unit,
    /// It can't become whole: its other packets are passed over.
    spoilt: bool,
    timestamp: Option<i64>,
    /// The NAL unit that comes in fragments.
    fragment: Option<Vec<u8>>,
}

impl Assembler {
    /// Waits for a key frame; with `only_keys` it never takes anything else.
    pub(super) fn new(only_keys: bool) -> Self {
        Self {
            only_keys,
            waits: true,
            open: Unit::default(),
            spoilt: false,
            timestamp: None,
            fragment: None,
        }
    }

    /// Passes over everything before the next key frame.
    pub(super) fn wait_for_key(&mut self) {
        self.waits = true;
    }

    /// Forgets the picture that is being put together: what follows may belong to another one.
    pub(super) fn reset(&mut self) {
        self.open = Unit::default();
        self.fragment = None;
        self.spoilt = true;
        self.waits = true;
    }

    /// Takes one packet; whole pictures go to `out`. Damage has cost pictures up to the next key frame.
    pub(super) fn push(
        &mut self,
        packet: Packet<'_>,
        out: &mut VecDeque<Unit>,
    ) -> Result<(), Damage> {
        let mut result = Ok(());
        let is_next = self.timestamp.is_some_and(|at| at != packet.timestamp);
        if packet.loss {
            // What is open misses its end, unless a mark has closed it; what begins here may build on a lost picture.
            self.spoil();
            result = Err(Damage::Lost);
            self.spoilt = false;
            if !is_next && self.timestamp.is_some() {
                // The rest of a picture whose middle is gone.
                self.spoilt = true;
            }
        } else if is_next {
            // Some cameras change the time between the parameter sets and their picture.
            if self.fragment.is_some() {
                self.spoil();
                result = Err(Damage::Fragments);
            }
            self.close(out);
        }
        self.timestamp = Some(packet.timestamp);
        if !self.spoilt
            && let Err(damage) = self.take(packet.payload, out)
        {
            self.spoil();
            result = Err(damage);
        }
        if packet.mark {
            if self.fragment.is_some() {
                self.spoil();
                result = Err(Damage::Fragments);
            }
            // Some cameras mark the parameter sets before a picture.
            if self.spoilt || !self.open.slices.is_empty() {
                self.close(out);
                self.timestamp = None;
            }
        }
        result
    }

    /// Gives up the open picture and what builds on it.
    fn spoil(&mut self) {
        self.open.slices.clear();
        self.open.is_key = false;
        self.open.is_reference = false;
        self.fragment = None;
        self.spoilt = true;
        self.waits = true;
    }

    /// The open picture is over.
    fn close(&mut self, out: &mut VecDeque<Unit>) {
        self.fragment = None;
        if std::mem::take(&mut self.spoilt) {
            // The parameter sets that came are whole: the next key frame may need them.
            self.open.slices.clear();
            return;
        }
        if self.open.slices.is_empty() {
            return;
        }
        let unit = std::mem::take(&mut self.open);
        if unit.is_key || !(self.waits || self.only_keys) {
            self.waits &= !unit.is_key;
            out.push_back(unit);
        } else {
            self.open.sets = unit.sets;
        }
    }

    /// One payload of RTP.
    fn take(&mut self, payload: &[u8], out: &mut VecDeque<Unit>) -> Result<(), Damage> {
        let (&header, rest) = payload.split_first().ok_or(Damage::CutOff)?;
        let kind = header & 0x1f;
        if header & 0x80 != 0 {
            return Err(Damage::UnknownKind(header));
        }
        if kind != 28 && self.fragment.is_some() {
            return Err(Damage::Fragments);
        }
        match kind {
            1..=23 => self.take_bytes(payload, out),
            24 => {
                let mut rest = rest;
                while let Some((length, behind)) = rest.split_first_chunk::<2>() {
                    let length = usize::from(u16::from_be_bytes(*length));
                    let nal = behind.get(..length).ok_or(Damage::CutOff)?;
                    self.take_bytes(nal, out)?;
                    rest = &behind[length..];
                }
                if rest.is_empty() {
                    Ok(())
                } else {
                    Err(Damage::CutOff)
                }
            }
            28 => self.take_fragment(header, rest, out),
            _ => Err(Damage::UnknownKind(kind)),
        }
    }

    /// One FU-A: `header` is that of the packet, `rest` begins with that of the fragment.
    fn take_fragment(
        &mut self,
        header: u8,
        rest: &[u8],
        out: &mut VecDeque<Unit>,
    ) -> Result<(), Damage> {
        let (&flags, body) = rest.split_first().ok_or(Damage::CutOff)?;
        let (is_first, is_last) = (flags & 0x80 != 0, flags & 0x40 != 0);
        let mut nal = match (is_first, self.fragment.take()) {
            (true, None) => vec![header & 0x60 | flags & 0x1f],
            (false, Some(nal)) => nal,
            (true, Some(_)) | (false, None) => return Err(Damage::Fragments),
        };
        if nal.len() + body.len() > LONGEST_UNIT {
            return Err(Damage::TooLong);
        }
        nal.extend_from_slice(body);
        if is_last {
            self.take_bytes(&nal, out)
        } else {
            self.fragment = Some(nal);
            Ok(())
        }
    }

    /// A whole NAL unit, or several of them with start codes between, as some cameras send them.
    fn take_bytes(&mut self, bytes: &[u8], out: &mut VecDeque<Unit>) -> Result<(), Damage> {
        let mut rest = bytes;
        loop {
            let end = rest.windows(3).position(|three| three == [0, 0, 1]);
            let (nal, behind) = match end {
                Some(end) => (&rest[..end], Some(&rest[end + 3..])),
                None => (rest, None),
            };
            // Zeros before a start code and at the end belong to no NAL unit.
            let length = nal
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |at| at + 1);
            if length > 0 {
                self.take_nal(&nal[..length], out)?;
            }
            match behind {
                Some(behind) => rest = behind,
                None => return Ok(()),
            }
        }
    }

    fn take_nal(&mut self, nal: &[u8], out: &mut VecDeque<Unit>) -> Result<(), Damage> {
        let header = nal[0];
        match header & 0x1f {
            1 | 5 => self.take_slice(nal, out),
            7 | 8 => {
                // Sets behind slices announce the next picture.
                if !self.open.slices.is_empty() {
                    self.close(out);
                }
                if nal.len() > LONGEST_SET {
                    return Err(Damage::TooLong);
                }
                if self.open.sets.len() == MOST_SETS {
                    self.open.sets.clear();
                    return Err(Damage::TooLong);
                }
                // Some cameras repeat them with every picture.
                if !self.open.sets.iter().any(|set| set == nal) {
                    self.open.sets.push(nal.to_vec());
                }
                Ok(())
            }
            // Remarks, delimiters, ends, padding, and layers on top of the picture that a decoder does without.
            6 | 9..=16 | 19..=21 => Ok(()),
            kind => Err(Damage::UnknownKind(kind)),
        }
    }

    fn take_slice(&mut self, nal: &[u8], out: &mut VecDeque<Unit>) -> Result<(), Damage> {
        // first_mb_in_slice is 0 exactly if the first bit behind the header is set.
        let is_first = nal.get(1).ok_or(Damage::CutOff)? & 0x80 != 0;
        if is_first && !self.open.slices.is_empty() {
            self.close(out);
        }
        if !is_first && self.open.slices.is_empty() {
            return Err(Damage::NoBeginning);
        }
        if self.open.slices.len() + START.len() + nal.len() > LONGEST_UNIT {
            return Err(Damage::TooLong);
        }
        let is_key = nal[0] & 0x1f == 5;
        self.open.is_key |= is_key;
        self.open.is_reference |= nal[0] & 0x60 != 0;
        // What nobody will decode is not copied; one byte says that the picture has begun.
        if self.open.is_key || !(self.waits || self.only_keys) {
            self.open.slices.extend_from_slice(&START);
            self.open.slices.extend_from_slice(nal);
        } else if self.open.slices.is_empty() {
            self.open.slices.push(0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
