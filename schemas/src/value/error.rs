//! Why bytes are not a value. No message repeats the bytes: they may be medical data.

/// Why bytes are not the value they are said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// A value of a fixed size has another.
    #[error("{type_name} of {found} bytes where {expected} belong")]
    Length {
        /// SQL name of the type.
        type_name: &'static str,
        /// Bytes that such a value has.
        expected: usize,
        /// Bytes that it has.
        found: usize,
    },
    /// A value breaks a rule of its type.
    #[error("{type_name}: {problem}")]
    Invalid {
        /// SQL name of the type.
        type_name: &'static str,
        /// Which rule.
        problem: &'static str,
    },
    /// The column's type has no binary renderer.
    #[error("a value of this type cannot be read from the binary wire")]
    NoRenderer,
    /// NULL where a value is needed.
    #[error("NULL where a value is needed")]
    Null,
    /// A text field is not escaped as `COPY … TO` escapes.
    #[error("text field: {0}")]
    Escape(&'static str),
    /// Text is not exactly what PostgreSQL prints for any value of the type.
    #[error("not the canonical text of any {type_name}")]
    NotCanonical {
        /// SQL name of the type.
        type_name: &'static str,
    },
    /// The framing of a binary COPY stream is broken.
    #[error("binary COPY: {0}")]
    Stream(&'static str),
    /// A row has another number of fields than its table has columns.
    #[error("binary COPY: row of {found} fields in a table of {expected} columns")]
    FieldCount {
        /// Columns of the table.
        expected: usize,
        /// Fields of the row.
        found: usize,
    },
}
