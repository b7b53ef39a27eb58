//! Multipart streams (`multipart/x-mixed-replace`) to their parts, as bytes come in. Pure, and bounded whatever comes.

use bytes::Buf;
use bytes::Bytes;
use bytes::BytesMut;

/// The most bytes of one part.
pub(super) const LONGEST_PART: usize = 32 << 20;
/// The most bytes of a part's headers.
const LONGEST_HEADERS: usize = 16 << 10;
/// The most bytes before a boundary that belong to no part.
const LONGEST_GAP: usize = 1 << 20;
/// The longest boundary that the standard allows is 70; cameras are not exact.
const LONGEST_BOUNDARY: usize = 200;

/// Why a stream can't be taken apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MultipartError {
    /// No boundary for too long.
    #[error("{LONGEST_GAP} bytes without a multipart boundary")]
    NoBoundary,
    /// A part's headers do not end.
    #[error("multipart headers of more than {LONGEST_HEADERS} bytes")]
    LongHeaders,
    /// A part is larger than any picture.
    #[error("a multipart part of more than {LONGEST_PART} bytes")]
    LongPart,
    /// A boundary that is empty or too long.
    #[error("a multipart boundary of {0} bytes; 1 to {LONGEST_BOUNDARY} are allowed")]
    Boundary(usize),
}

/// Takes a stream apart.
#[derive(Debug)]
pub(super) struct Multipart {
    /// Without its leading dashes, since cameras disagree on how many there are; empty until the first line shows it.
    boundary: Vec<u8>,
    buffer: BytesMut,
    place: Place,
    /// Where the search in the buffer goes on, so that a long part is looked at once.
    searched: usize,
    /// Bytes dropped since the last part.
    gap: usize,
}

#[derive(Debug, PartialEq)]
enum Place {
    /// Before a boundary.
    Between,
    /// After a boundary, before the empty line.
    Headers,
    /// In a body of known length.
    Sized(usize),
    /// In a body that the next boundary ends.
    Open,
    /// After the last boundary.
    Over,
}

impl Multipart {
    /// For the boundary that a Content-Type header names; with none, the stream's first line is the boundary.
    pub(super) fn new(boundary: Option<&str>) -> Result<Self, MultipartError> {
        let mut multipart = Self {
            boundary: Vec::new(),
            buffer: BytesMut::new(),
            place: Place::Between,
            searched: 0,
            gap: 0,
        };
        if let Some(boundary) = boundary {
            multipart.learn(boundary.as_bytes())?;
        }
        Ok(multipart)
    }

    /// Takes in the bytes that have come. Call [`Self::take`] until it has no more before the next ones.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether the stream's last boundary has come.
    pub(super) fn is_over(&self) -> bool {
        self.place == Place::Over
    }

    /// The next complete part's body.
    pub(super) fn take(&mut self) -> Result<Option<Bytes>, MultipartError> {
        loop {
            match self.place {
                Place::Between => {
                    if !self.pass_boundary()? {
                        return Ok(None);
                    }
                }
                Place::Headers => {
                    let Some(length) = self.pass_headers()? else {
                        return Ok(None);
                    };
                    self.place = length.map_or(Place::Open, Place::Sized);
                    self.searched = 0;
                }
                Place::Sized(length) => {
                    if self.buffer.len() < length {
                        return Ok(None);
                    }
                    return Ok(Some(self.part(length)));
                }
                Place::Open => {
                    let Some(length) = self.find_end()? else {
                        return Ok(None);
                    };
                    return Ok(Some(self.part(length)));
                }
                Place::Over => {
                    self.buffer.clear();
                    return Ok(None);
                }
            }
        }
    }

    fn part(&mut self, length: usize) -> Bytes {
        self.place = Place::Between;
        self.searched = 0;
        self.gap = 0;
        self.buffer.split_to(length).freeze()
    }

    fn learn(&mut self, boundary: &[u8]) -> Result<(), MultipartError> {
        let plain = without_dashes(boundary.trim_ascii());
        if plain.is_empty() || plain.len() > LONGEST_BOUNDARY {
            return Err(MultipartError::Boundary(plain.len()));
        }
        self.boundary = plain.to_vec();
        Ok(())
    }

    /// Drops lines up to the boundary and the boundary itself; false if it has not come yet.
    fn pass_boundary(&mut self) -> Result<bool, MultipartError> {
        while let Some(end) = find(&self.buffer, b"\n", self.searched) {
            let line = self.buffer.split_to(end + 1).freeze();
            self.searched = 0;
            let line = line.trim_ascii_end();
            if !line.starts_with(b"--") {
                self.gap += line.len() + 1;
                self.check_gap(0)?;
                continue;
            }
            if self.boundary.is_empty() {
                self.learn(line)?;
            }
            if let Some(rest) = without_dashes(line).strip_prefix(self.boundary.as_slice()) {
                self.place = if rest.starts_with(b"--") {
                    Place::Over
                } else {
                    Place::Headers
                };
                return Ok(true);
            }
            self.gap += line.len() + 1;
            self.check_gap(0)?;
        }
        self.searched = self.buffer.len();
        self.check_gap(self.buffer.len())?;
        Ok(false)
    }

    fn check_gap(&self, more: usize) -> Result<(), MultipartError> {
        if self.gap + more > LONGEST_GAP {
            return Err(MultipartError::NoBoundary);
        }
        Ok(())
    }

    /// The length that the headers name, if they are complete.
    fn pass_headers(&mut self) -> Result<Option<Option<usize>>, MultipartError> {
        let mut start = 0;
        let mut length = None;
        while let Some(end) = find(&self.buffer, b"\n", start) {
            let line = self.buffer[start..end].trim_ascii();
            start = end + 1;
            if start > LONGEST_HEADERS {
                return Err(MultipartError::LongHeaders);
            }
            if line.is_empty() {
                self.buffer.advance(start);
                if length.is_some_and(|length| length > LONGEST_PART) {
                    return Err(MultipartError::LongPart);
                }
                return Ok(Some(length));
            }
            length = length.or_else(|| content_length(line));
        }
        if self.buffer.len() > LONGEST_HEADERS {
            return Err(MultipartError::LongHeaders);
        }
        Ok(None)
    }

    /// Where the open body ends: before the line break that stands before a boundary.
    fn find_end(&mut self) -> Result<Option<usize>, MultipartError> {
        let mut from = self.searched;
        while let Some(at) = find(&self.buffer, b"\n--", from) {
            let after = &self.buffer[at + 1..];
            let dashes = after.iter().take_while(|byte| **byte == b'-').count();
            // Not all of the boundary may be here yet.
            if after.len() < dashes + self.boundary.len() {
                self.searched = at;
                self.check_part(at)?;
                return Ok(None);
            }
            if after[dashes..].starts_with(&self.boundary) {
                self.check_part(at)?;
                let length = at - usize::from(at > 0 && self.buffer[at - 1] == b'\r');
                return Ok(Some(length));
            }
            from = at + 1;
        }
        self.searched = self
            .buffer
            .len()
            .saturating_sub(2)
            .max(from.min(self.buffer.len()));
        self.check_part(self.buffer.len())?;
        Ok(None)
    }

    fn check_part(&self, length: usize) -> Result<(), MultipartError> {
        if length > LONGEST_PART {
            return Err(MultipartError::LongPart);
        }
        Ok(())
    }
}

fn without_dashes(text: &[u8]) -> &[u8] {
    let dashes = text.iter().take_while(|byte| **byte == b'-').count();
    &text[dashes..]
}

fn content_length(line: &[u8]) -> Option<usize> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    if !line[..colon]
        .trim_ascii()
        .eq_ignore_ascii_case(b"content-length")
    {
        return None;
    }
    std::str::from_utf8(line[colon + 1..].trim_ascii())
        .ok()?
        .parse()
        .ok()
}

fn find(bytes: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    bytes
        .get(from..)?
        .windows(needle.len())
        .position(|window| window == needle)
        .map(|at| at + from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(boundary: Option<&str>, stream: &[u8], step: usize) -> (Vec<Bytes>, bool) {
        let mut multipart = Multipart::new(boundary).unwrap();
        let mut parts = Vec::new();
        for bytes in stream.chunks(step.max(1)) {
            multipart.push(bytes);
            while let Some(part) = multipart.take().unwrap() {
                parts.push(part);
            }
        }
        (parts, multipart.is_over())
    }

    #[test]
    fn parts_with_a_length_may_contain_the_boundary() {
        let stream = b"\r\n--cam\r\nContent-Type: image/jpeg\r\nCONTENT-length: 9\r\n\r\nA\r\n--camB\r\n--cam\r\nContent-Length: 1\r\n\r\nC\r\n--cam--\r\n";
        for step in 1..stream.len() {
            let (parts, over) = parts(Some("cam"), stream, step);
            assert_eq!(parts, [&b"A\r\n--camB"[..], b"C"], "{step} bytes at a time");
            assert!(over);
        }
    }

    #[test]
    fn parts_without_a_length_end_before_the_next_boundary() {
        let stream = b"--x\n\nfirst\n-- \r\n--y\r\n--x\r\nContent-Type: image/jpeg\r\n\r\nsecond\r\n--x--\r\n";
        for step in 1..stream.len() {
            let (parts, _) = parts(Some("x"), stream, step);
            assert_eq!(parts, [&b"first\n-- \r\n--y"[..], b"second"], "{step}");
        }
    }

    #[test]
    fn cameras_that_count_the_dashes_differently_are_understood() {
        let stream =
            b"----cam\r\nContent-Length: 1\r\n\r\nA\r\n--cam\r\nContent-Length: 1\r\n\r\nB\r\n";
        assert_eq!(parts(Some("--cam"), stream, 7).0.len(), 2);
        assert_eq!(parts(None, stream, 7).0.len(), 2);
    }

    #[test]
    fn what_never_ends_is_refused_and_not_kept() {
        let mut multipart = Multipart::new(Some("cam")).unwrap();
        let mut refused = None;
        for _ in 0..40 {
            multipart.push(&[b'x'; 64 << 10]);
            if let Err(error) = multipart.take() {
                refused = Some(error);
                break;
            }
        }
        assert_eq!(refused, Some(MultipartError::NoBoundary));
        let mut multipart = Multipart::new(Some("cam")).unwrap();
        multipart.push(b"--cam\r\n");
        multipart.push(&[b'h'; LONGEST_HEADERS + 10]);
        assert_eq!(multipart.take(), Err(MultipartError::LongHeaders));
        let mut multipart = Multipart::new(Some("cam")).unwrap();
        multipart.push(b"--cam\r\nContent-Length: 99999999999\r\n\r\n");
        assert_eq!(multipart.take(), Err(MultipartError::LongPart));
        let mut multipart = Multipart::new(Some("cam")).unwrap();
        multipart.push(b"--cam\r\n\r\n");
        multipart.push(&vec![0; LONGEST_PART + 10]);
        assert_eq!(multipart.take(), Err(MultipartError::LongPart));
        assert_eq!(
            Multipart::new(Some("--")).err(),
            Some(MultipartError::Boundary(0))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_parts_or_an_error(stream in prop::collection::vec(prop_oneof![
            Just(b"--b".to_vec()), Just(b"\r\n".to_vec()), Just(b"\n".to_vec()), Just(b"Content-Length: 3".to_vec()),
            Just(b"--".to_vec()), prop::collection::vec(any::<u8>(), 0..20),
        ], 0..60), step in 1usize..50, named in any::<bool>()) {
            let stream = stream.concat();
            let mut multipart = Multipart::new(named.then_some("b")).unwrap();
            let mut taken = 0;
            'stream: for bytes in stream.chunks(step) {
                multipart.push(bytes);
                loop {
                    match multipart.take() {
                        Ok(Some(part)) => taken += part.len(),
                        Ok(None) => break,
                        Err(_) => break 'stream,
                    }
                }
            }
            prop_assert!(taken <= stream.len());
        }

        #[test]
        fn any_parts_come_back_however_the_stream_is_cut(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..6), step in 1usize..300) {
            let mut stream = Vec::new();
            for body in &bodies {
                stream.extend_from_slice(format!("--edge\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes());
                stream.extend_from_slice(body);
                stream.extend_from_slice(b"\r\n");
            }
            stream.extend_from_slice(b"--edge--\r\n");
            let (parts, over) = parts(Some("edge"), &stream, step);
            prop_assert!(over);
            prop_assert_eq!(parts, bodies);
        }
    }
}
