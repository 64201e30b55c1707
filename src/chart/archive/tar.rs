//! The entries of a tar archive, read as Go's `archive/tar` reads them: same formats, same refusals, same words.
//! Files with holes (GNU's sparse files) are the exception: they are refused.

use std::collections::BTreeMap;

use super::gunzip::Gunzip;
use crate::chart::Error;
use crate::gotemplate::strconv;

const BLOCK: usize = 512;
/// The longest name and the longest extended header.
const LONGEST_HEADER: u64 = 1 << 20;
/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// What an entry says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Its path.
    pub name: Vec<u8>,
    /// What kind it is: `0` a file, `5` a directory, ...
    pub kind: u8,
    /// How long its content is said to be.
    pub size: i64,
    mode: i64,
}

impl Header {
    /// Whether kind or mode say that it is a directory.
    pub fn is_directory(&self) -> bool {
        self.kind == b'5' || self.mode & !0o7777 & 0xFFFF_FFFF == 0o040_000
    }

    /// Whether it says something of the entries after it.
    pub fn is_extension(&self) -> bool {
        matches!(self.kind, b'x' | b'g')
    }

    /// Whether no content follows it, whatever its size.
    fn is_header_only(&self) -> bool {
        matches!(self.kind, b'1'..=b'6')
    }
}

/// An archive that is read entry by entry.
pub struct Reader<'a> {
    stream: Gunzip<'a>,
    /// What of the content of the last entry was not read.
    remaining: u64,
    /// The padding after that.
    padding: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of the stream.
    pub fn new(stream: Gunzip<'a>) -> Self {
        Self { stream, remaining: 0, padding: 0 }
    }

    /// Whether the stream ended because no more of it may be read.
    pub fn is_exhausted(&self) -> bool {
        self.stream.is_exhausted()
    }

    /// The next entry; `None` at the end.
    ///
    /// # Errors
    /// Go's texts.
    pub fn next(&mut self) -> Result<Option<Header>, Error> {
        let mut records = Records::new();
        let mut long_name = Vec::new();
        loop {
            self.skip()?;
            let Some(mut header) = self.header()? else { return Ok(None) };
            self.expect(&header)?;
            match header.kind {
                b'x' => records = parse_records(&self.special()?)?,
                b'g' => {
                    parse_records(&self.special()?)?;
                    return Ok(Some(header));
                }
                b'L' => long_name = text(&self.special()?).to_vec(),
                b'K' => {
                    self.special()?;
                }
                _ => {
                    merge(&mut header, &records)?;
                    if !long_name.is_empty() {
                        header.name = long_name;
                    }
                    if header.kind == 0 {
                        header.kind = if header.name.ends_with(b"/") { b'5' } else { b'0' };
                    }
                    self.expect(&header)?;
                    if header.kind == b'S' || records.keys().any(|key| key.starts_with(b"GNU.sparse.")) {
                        return Err(Error::new("archive/tar: sparse files are not supported"));
                    }
                    return Ok(Some(header));
                }
            }
        }
    }

    /// The content of the entry that came last, at most `limit` bytes of it.
    ///
    /// # Errors
    /// Go's texts.
    pub fn content(&mut self, limit: u64) -> Result<Vec<u8>, Error> {
        let mut content = Vec::new();
        let wanted = self.remaining.min(limit);
        while (content.len() as u64) < wanted {
            let have = content.len();
            let more = usize::try_from(wanted - have as u64).unwrap_or(CHUNK).min(CHUNK);
            content.resize(have + more, 0);
            let read = self.stream.fill(&mut content[have..])?;
            self.remaining -= read as u64;
            if read < more {
                // What the stream says when it is asked for more; nothing when it has ended.
                self.stream.fill(&mut [0])?;
                return Err(Error::new("unexpected EOF"));
            }
        }
        Ok(content)
    }

    /// Sets the limits of what follows a header.
    fn expect(&mut self, header: &Header) -> Result<(), Error> {
        let size = if header.is_header_only() { 0 } else { header.size };
        self.remaining = u64::try_from(size).map_err(|_| invalid())?;
        self.padding = (BLOCK - (self.remaining % BLOCK as u64) as usize) % BLOCK;
        Ok(())
    }

    /// Goes to where the next header should be.
    fn skip(&mut self) -> Result<(), Error> {
        while self.remaining > 0 {
            self.content(CHUNK as u64)?;
        }
        // An archive may end within the padding.
        self.stream.fill(&mut [0; BLOCK][..self.padding])?;
        self.padding = 0;
        Ok(())
    }

    /// A name or an extended header that follows its own header.
    fn special(&mut self) -> Result<Vec<u8>, Error> {
        let content = self.content(LONGEST_HEADER + 1)?;
        if content.len() as u64 > LONGEST_HEADER {
            return Err(Error::new("archive/tar: header field too long"));
        }
        Ok(content)
    }

    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, Error> {
        let mut block = [0; BLOCK];
        match self.stream.fill(&mut block)? {
            0 => Ok(None),
            BLOCK => Ok(Some(block)),
            _ => {
                self.stream.fill(&mut [0])?;
                Err(Error::new("unexpected EOF"))
            }
        }
    }

    fn header(&mut self) -> Result<Option<Header>, Error> {
        let Some(block) = self.block()? else { return Ok(None) };
        if block.iter().all(|byte| *byte == 0) {
            match self.block()? {
                None => return Ok(None),
                Some(second) if second.iter().all(|byte| *byte == 0) => return Ok(None),
                Some(_) => return Err(invalid()),
            }
        }
        // The owner and the time are of no use, but they must be numbers.
        for field in [108..116, 116..124, 136..148] {
            numeric(&block[field])?;
        }
        check_sum(&block)?;
        let mut header = Header {
            name: text(&block[..100]).to_vec(),
            kind: block[156],
            size: numeric(&block[124..136])?,
            mode: numeric(&block[100..108])?,
        };
        let prefix = prefix(&block)?;
        if !prefix.is_empty() {
            header.name = [prefix, b"/", &header.name].concat();
        }
        Ok(Some(header))
    }
}

fn invalid() -> Error {
    Error::new("archive/tar: invalid tar header")
}

/// Compares the sum over a header, of signed or of unsigned bytes, with the one it holds.
fn check_sum(block: &[u8; BLOCK]) -> Result<(), Error> {
    const SUM: std::ops::Range<usize> = 148..156;
    let expected = octal(&block[SUM])?;
    let (mut unsigned, mut signed) = (0, 0);
    for (at, byte) in block.iter().enumerate() {
        let byte = if SUM.contains(&at) { b' ' } else { *byte };
        unsigned += i64::from(byte);
        signed += i64::from(byte.cast_signed());
    }
    if expected == unsigned || expected == signed { Ok(()) } else { Err(invalid()) }
}

/// What comes before the name, which depends on the format.
fn prefix(block: &[u8; BLOCK]) -> Result<&[u8], Error> {
    let magic = &block[257..265];
    let is_posix = magic.starts_with(b"ustar\0");
    let is_star = is_posix && &block[508..512] == b"tar\0";
    if !is_posix && magic != b"ustar  \0" {
        return Ok(b"");
    }
    for device in [329..337, 337..345] {
        numeric(&block[device])?;
    }
    if is_star {
        for time in [476..488, 488..500] {
            numeric(&block[time])?;
        }
        return Ok(text(&block[345..476]));
    }
    let prefix = text(&block[345..500]);
    if is_posix {
        return Ok(prefix);
    }
    // GNU has times there; archives of an old Go have a prefix all the same.
    let mut times = [&block[345..357], &block[357..369]].into_iter().filter(|time| time[0] != 0);
    let is_old_go = times.any(|time| numeric(time).is_err()) && prefix.is_ascii();
    Ok(if is_old_go { prefix } else { b"" })
}

/// A field up to its zero.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number in octal digits, or in the bytes themselves where the first bit is set.
fn numeric(field: &[u8]) -> Result<i64, Error> {
    let Some(first) = field.first().filter(|first| **first & 0x80 != 0) else { return octal(field) };
    let inversion = if first & 0x40 != 0 { 0xFF } else { 0 };
    let mut value: u64 = 0;
    for (at, byte) in field.iter().enumerate() {
        let byte = byte ^ inversion;
        let byte = if at == 0 { byte & 0x7F } else { byte };
        if value >> 56 > 0 {
            return Err(invalid());
        }
        value = value << 8 | u64::from(byte);
    }
    let value = i64::try_from(value).map_err(|_| invalid())?;
    Ok(if inversion == 0 { value } else { !value })
}

fn octal(field: &[u8]) -> Result<i64, Error> {
    let is_padding = |byte: &u8| matches!(byte, b' ' | 0);
    let Some(start) = field.iter().position(|byte| !is_padding(byte)) else { return Ok(0) };
    let end = field.iter().rposition(|byte| !is_padding(byte)).map_or(start, |last| last + 1);
    let value = strconv::parse_uint(text(&field[start..end]), 8, 64).map_err(|_| invalid())?;
    Ok(value.cast_signed())
}

/// Values by their keys: a header may have very many.
type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// The records of an extended header, `LENGTH KEY=VALUE` each; of those with the same key the last.
fn parse_records(mut data: &[u8]) -> Result<Records, Error> {
    let mut records = Records::new();
    while !data.is_empty() {
        let space = data.iter().position(|byte| *byte == b' ').ok_or_else(invalid)?;
        let length = decimal(&data[..space])?;
        let length = usize::try_from(length).ok().filter(|length| *length >= 5).ok_or_else(invalid)?;
        let record = data.get(space + 1..length).ok_or_else(invalid)?;
        let record = record.strip_suffix(b"\n").ok_or_else(invalid)?;
        let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(invalid)?;
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        let no_zero_in = if matches!(key, b"path" | b"linkpath" | b"uname" | b"gname") { value } else { key };
        if key.is_empty() || no_zero_in.contains(&0) {
            return Err(invalid());
        }
        records.insert(key.to_vec(), value.to_vec());
        data = &data[length..];
    }
    Ok(records)
}

/// Lets the extended header before an entry say what the entry is.
fn merge(header: &mut Header, records: &Records) -> Result<(), Error> {
    for (key, value) in records.iter().filter(|(_, value)| !value.is_empty()) {
        match key.as_slice() {
            b"path" => header.name.clone_from(value),
            b"size" => header.size = decimal(value)?,
            b"uid" | b"gid" => {
                decimal(value)?;
            }
            b"atime" | b"mtime" | b"ctime" => {
                let mut parts = value.splitn(2, |byte| *byte == b'.');
                decimal(parts.next().unwrap_or_default())?;
                if !parts.next().unwrap_or_default().iter().all(u8::is_ascii_digit) {
                    return Err(invalid());
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn decimal(text: &[u8]) -> Result<i64, Error> {
    strconv::parse_int(text, 10, 64).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::parse_records;

    #[test]
    fn headers_of_many_records_are_read_in_good_time() {
        let records: String = (100_000..150_000).map(|n| format!("17 k{n}=value\n")).collect();
        let again = records.replace("=value", "=other");
        let began = std::time::Instant::now();
        let read = parse_records(format!("{records}{again}").as_bytes()).unwrap();
        assert_eq!((read.len(), read[b"k100000".as_slice()].as_slice()), (50_000, b"other".as_slice()));
        assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    }
}
