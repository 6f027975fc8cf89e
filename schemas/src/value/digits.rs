//! Decimal and hexadecimal digits by table. Tables have 256 entries so that a byte indexes them
//! without a check and without a way to fail.

const HEX: [u8; 16] = *b"0123456789abcdef";

/// The two digits of 0 to 99; larger bytes repeat them modulo 100.
const DECIMAL: [[u8; 2]; 256] = {
    let mut table = [[0; 2]; 256];
    let mut n = 0;
    while n < 256 {
        table[n] = [HEX[n % 100 / 10], HEX[n % 10]];
        n += 1;
    }
    table
};

/// The two lower-case hexadecimal digits of a byte.
const HEXADECIMAL: [[u8; 2]; 256] = {
    let mut table = [[0; 2]; 256];
    let mut n = 0;
    while n < 256 {
        table[n] = [HEX[n / 16], HEX[n % 16]];
        n += 1;
    }
    table
};

/// The two decimal digits of a number below 100.
#[inline]
pub(super) fn two(n: u8) -> [u8; 2] {
    DECIMAL[usize::from(n)]
}

/// The four decimal digits of a number below 10,000.
#[inline]
pub(super) fn four(number: u16) -> [u8; 4] {
    let [high, _] = (number / 100).to_le_bytes();
    let [low, _] = (number % 100).to_le_bytes();
    let ([thousands, hundreds], [tens, ones]) = (two(high), two(low));
    [thousands, hundreds, tens, ones]
}

/// The two hexadecimal digits of a byte.
#[inline]
pub(super) fn hex(byte: u8) -> [u8; 2] {
    HEXADECIMAL[usize::from(byte)]
}

/// Appends upper-case hexadecimal digits without leading zeros; `0` for zero.
pub(super) fn push_upper_hex(n: u64, out: &mut Vec<u8>) {
    let count = (u64::BITS - n.leading_zeros()).div_ceil(4).max(1);
    for place in (0..count).rev() {
        let digit = low_byte((n >> (4 * place)) & 0xf);
        out.push(if digit < 10 { b'0' + digit } else { b'A' + digit - 10 });
    }
}

/// The value of one lower-case hexadecimal digit.
pub(super) fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// The low byte of a number that is known to be small.
#[inline]
pub(super) fn low_byte(n: u64) -> u8 {
    let [low, ..] = n.to_le_bytes();
    low
}

/// Appends an integer in decimal.
#[inline]
pub(super) fn push_int<I: itoa::Integer>(n: I, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
}
