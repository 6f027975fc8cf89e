//! Extended headers of tar (POSIX.1-2017, pax, "pax Extended Header").

/// What an extended header says of the member after it.
#[derive(Default)]
pub(super) struct Extended {
    pub(super) name: Option<Vec<u8>>,
    pub(super) target: Option<Vec<u8>>,
    /// Bytes in the archive.
    pub(super) size: Option<u64>,
    /// Whether holes were left out, and how large the file is with them.
    pub(super) sparse: bool,
    pub(super) real_size: Option<u64>,
}

impl Extended {
    /// Takes in the records of a header: `length keyword=value\n`, where the length is of the
    /// whole record. None if they are not like that.
    pub(super) fn take_in(&mut self, mut records: &[u8]) -> Option<()> {
        while !records.is_empty() {
            let (digits, _rest) = records.split_at_checked(memchr::memchr(b' ', records)?)?;
            let (record, rest) = records.split_at_checked(number(digits)?.try_into().ok()?)?;
            let record = record.get(digits.len() + 1..)?.strip_suffix(b"\n")?;
            let (keyword, value) = record.split_at_checked(memchr::memchr(b'=', record)?)?;
            self.set(keyword, value.strip_prefix(b"=")?)?;
            records = rest;
        }
        Some(())
    }

    fn set(&mut self, keyword: &[u8], value: &[u8]) -> Option<()> {
        match keyword {
            b"path" => _ = self.name.get_or_insert_with(|| value.to_vec()),
            b"GNU.sparse.name" => self.name = Some(value.to_vec()),
            b"linkpath" => self.target = Some(value.to_vec()),
            b"size" => self.size = Some(number(value)?),
            b"GNU.sparse.realsize" | b"GNU.sparse.size" => self.real_size = Some(number(value)?),
            _ => {}
        }
        self.sparse |= keyword.starts_with(b"GNU.sparse.");
        Some(())
    }

    /// Whether it says anything that changes what members there are.
    pub(super) fn is_empty(&self) -> bool {
        self.name.is_none() && self.target.is_none() && self.size.is_none() && !self.sparse
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    str::from_utf8(digits).ok()?.parse().ok()
}
