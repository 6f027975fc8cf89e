//! `"char"` and `pg_lsn`, whose output functions changed between versions: here they have one form
//! (src/backend/utils/adt/char.c, `charout`, as it is since PostgreSQL 15; pg_lsn.c, `pg_lsn_out`,
//! as it was before PostgreSQL 19).

use super::digits::push_upper_hex;

/// Appends a `"char"`: nothing for the byte 0, an ASCII character as it is, any other byte as `\`
/// and three octal digits. PostgreSQL 14 prints the bare byte, which is no text in any encoding.
pub(super) fn push_single_char(byte: u8, out: &mut Vec<u8>) {
    match byte {
        0 => {}
        ascii @ ..0x80 => out.push(ascii),
        high => {
            let digit = |shift: u8| b'0' + ((high >> shift) & 7);
            out.extend_from_slice(&[b'\\', digit(6), digit(3), digit(0)]);
        }
    }
}

/// Appends a `pg_lsn`: both halves in upper-case hexadecimal digits without leading zeros.
/// PostgreSQL 19 prints eight digits after the slash.
pub(super) fn push_lsn(position: u64, out: &mut Vec<u8>) {
    push_upper_hex(position >> 32, out);
    out.push(b'/');
    push_upper_hex(position & 0xffff_ffff, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_chars() {
        for (byte, expected) in
            [(0, ""), (b'A', "A"), (b'\\', "\\"), (0x7f, "\x7f"), (0x80, "\\200"), (0xff, "\\377")]
        {
            let mut out = Vec::new();
            push_single_char(byte, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn positions() {
        for (position, expected) in [
            (0, "0/0"),
            (0x1a2b, "0/1A2B"),
            (0x16_b374_d848, "16/B374D848"),
            (u64::MAX, "FFFFFFFF/FFFFFFFF"),
        ] {
            let mut out = Vec::new();
            push_lsn(position, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
