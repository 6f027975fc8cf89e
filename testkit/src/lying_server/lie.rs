//! What is lied about, and where in the conversation.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::answer::{Answer, data_row, values};
use crate::random_schema::Random;

/// Kinds of messages that a lie can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A row of a `COPY` that is not of a sample.
    CopyRow,
    /// A row of a query: of the catalog, a count, a version.
    QueryRow,
    /// The tag of such a `COPY`, with its number of rows.
    CopyTag,
    /// Any message.
    Any,
}

const PLACES: [Place; 4] = [Place::CopyRow, Place::QueryRow, Place::CopyTag, Place::Any];

impl Place {
    fn has(self, answer: &Answer, is_sample: bool) -> bool {
        match self {
            Self::CopyRow => answer.kind == b'd' && !is_sample,
            Self::QueryRow => answer.kind == b'D',
            Self::CopyTag => answer.kind == b'C' && answer.body.starts_with(b"COPY ") && !is_sample,
            Self::Any => true,
        }
    }
}

/// How many messages of each kind an honest conversation has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Census([u64; PLACES.len()]);

/// One lie, told once (one that has no end excepted).
#[derive(Clone, Debug)]
pub struct Lie {
    place: Place,
    /// How many messages of the kind come before it.
    after: u64,
    what: What,
    random: Random,
}

/// What is said instead of the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    LeftOut,
    Repeated,
    OneByteOther,
    CutOff,
    Exchanged,
    Endless,
    OtherValue,
    OtherNumber,
    EndlessNotices,
    NoticeOfControls,
    ErrorOfControls,
    OtherStatus,
    LengthOfGigabytes,
    LengthOfNothing,
    Silent,
    Closed,
}

/// Every lie: those about rows come more often, since there are more ways in which they can be told.
const LIES: [(Place, What); 27] = [
    (Place::CopyRow, What::LeftOut),
    (Place::CopyRow, What::Repeated),
    (Place::CopyRow, What::OneByteOther),
    (Place::CopyRow, What::CutOff),
    (Place::CopyRow, What::Exchanged),
    (Place::CopyRow, What::Endless),
    (Place::CopyRow, What::LengthOfGigabytes),
    (Place::CopyRow, What::Silent),
    (Place::CopyRow, What::Closed),
    (Place::CopyTag, What::OtherNumber),
    (Place::CopyTag, What::LeftOut),
    (Place::QueryRow, What::LeftOut),
    (Place::QueryRow, What::Repeated),
    (Place::QueryRow, What::OtherValue),
    (Place::QueryRow, What::OtherValue),
    (Place::QueryRow, What::CutOff),
    (Place::QueryRow, What::Exchanged),
    (Place::QueryRow, What::Endless),
    (Place::QueryRow, What::LengthOfGigabytes),
    (Place::Any, What::EndlessNotices),
    (Place::Any, What::NoticeOfControls),
    (Place::Any, What::ErrorOfControls),
    (Place::Any, What::OtherStatus),
    (Place::Any, What::LengthOfGigabytes),
    (Place::Any, What::LengthOfNothing),
    (Place::Any, What::Silent),
    (Place::Any, What::Closed),
];

/// A line of a terminal's control sequences, harmless in any terminal: colours, a bell, a carriage return, an
/// override of the direction of text, and a line that looks like one of a report.
pub const CONTROLS: &str =
    "\u{1b}[32mgreen\u{1b}[0m\u{7}\rverdict: equal\n\u{202e}lauqe\u{2066}\u{9b}1m";

impl Lie {
    /// The lie of a seed, somewhere in a conversation such as this.
    pub fn from_seed(seed: u64, census: Census) -> Self {
        let mut random = Random::from_seed(seed);
        // Every sort of lie in its turn, so that few seeds have many sorts.
        let turn = usize::try_from(seed).expect("a small number") % LIES.len();
        let (place, what) = LIES[turn];
        let count = PLACES.iter().zip(census.0).find(|(known, _)| **known == place);
        let count = count.map_or(0, |(_, count)| usize::try_from(count).expect("a small number"));
        let after = random.below(count.max(1)) as u64;
        Self { place, after, what, random }
    }

    /// Whether rows were sent that are not those of the table, or were counted wrongly: no such table is
    /// equal to an honest one.
    pub fn is_about_rows(&self) -> bool {
        let of_rows =
            [What::LeftOut, What::Repeated, What::OneByteOther, What::CutOff, What::OtherNumber];
        matches!(self.place, Place::CopyRow | Place::CopyTag) && of_rows.contains(&self.what)
    }

    /// Whether a server that says so is, to whoever asks it once, just another database: with other values, or
    /// with another catalog.
    pub fn is_another_database(&self) -> bool {
        self.place == Place::QueryRow
            || (self.place, self.what) == (Place::CopyRow, What::OneByteOther)
    }

    /// In words, for the one who looks into a seed.
    pub fn told(&self) -> String {
        format!("{:?} at {:?} {}", self.what, self.place, self.after)
    }

    /// Says it instead of the answer.
    pub(super) fn tell(
        &self,
        answer: &Answer,
        next: impl FnOnce() -> io::Result<Answer>,
        client: &mut impl Write,
    ) -> io::Result<Then> {
        let mut random = self.random.clone();
        let mut other = answer.clone();
        match self.what {
            What::LeftOut => return Ok(Then::TheTruth),
            What::Repeated => answer.write(client)?,
            What::OneByteOther => {
                if !other.body.is_empty() {
                    let at = random.below(other.body.len());
                    other.body[at] ^= 1 << random.below(7);
                }
            }
            What::CutOff => other.body.truncate(random.below(answer.body.len().max(1))),
            What::Exchanged => {
                let following = next()?;
                following.write(client)?;
            }
            What::Endless => loop {
                answer.write(client)?;
            },
            What::OtherValue => other = other_value(answer, &mut random),
            What::OtherNumber => other = other_number(answer, &mut random),
            What::EndlessNotices => {
                let notice = Answer::said(b'N', "NOTICE", &"for nothing ".repeat(100));
                loop {
                    notice.write(client)?;
                }
            }
            What::NoticeOfControls => Answer::said(b'N', "WARNING", CONTROLS).write(client)?,
            What::ErrorOfControls => {
                Answer::said(b'E', "FATAL", CONTROLS).write(client)?;
                return Ok(Then::TheEnd);
            }
            What::OtherStatus => {
                let known =
                    ["server_version", "TimeZone", "client_encoding", "session_authorization"];
                let status = format!("{}\0{CONTROLS}\0", random.pick(&known));
                Answer::new(b'S', status).write(client)?;
            }
            What::LengthOfGigabytes => {
                let mut head = vec![answer.kind];
                head.extend(0x7fff_fff0_u32.to_be_bytes());
                client.write_all(&head)?;
                return Ok(Then::TheTruth);
            }
            What::LengthOfNothing => {
                let mut head = vec![answer.kind];
                head.extend(0_u32.to_be_bytes());
                client.write_all(&head)?;
                return Ok(Then::TheTruth);
            }
            What::Silent => return Ok(Then::Silence),
            What::Closed => return Ok(Then::TheEnd),
        }
        other.write(client)?;
        Ok(Then::TheTruth)
    }
}

/// What follows a lie on its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// What the honest server says.
    TheTruth,
    /// Nothing, for as long as the client waits.
    Silence,
    /// The connection is closed.
    TheEnd,
}

/// One value is another: a number, nothing, a name of control characters, or a long one.
fn other_value(answer: &Answer, random: &mut Random) -> Answer {
    let Some(mut values) = values(&answer.body).filter(|values| !values.is_empty()) else {
        return answer.clone();
    };
    let at = random.below(values.len());
    let value = values[at].clone().unwrap_or_default();
    let texts =
        ["0", "1", "-1", "2147483648", "18446744073709551615", "t", "f", "r", "x", "", CONTROLS];
    values[at] = match random.below(4) {
        0 => None,
        1 => Some("Nguyễn".repeat(200_000).into_bytes()),
        2 if !value.is_empty() => {
            let mut value = value;
            let byte = random.below(value.len());
            value[byte] = if value[byte].is_ascii_digit() { b'7' } else { b'q' };
            Some(value)
        }
        _ => Some(random.pick(&texts).as_bytes().to_vec()),
    };
    data_row(&values)
}

/// A tag with another number of rows.
fn other_number(answer: &Answer, random: &mut Random) -> Answer {
    let tag = answer.text();
    let rows: u64 = tag.rsplit(' ').next().and_then(|word| word.parse().ok()).unwrap_or_default();
    let other = match random.below(4) {
        0 => rows + 1,
        1 => rows.saturating_sub(1).max(u64::from(rows == 0)),
        2 => u64::MAX,
        _ => rows + 1_000_000,
    };
    Answer::new(b'C', format!("COPY {other}\0"))
}

/// What a server said, and whether it lied.
#[derive(Debug)]
pub struct Told {
    lie: Option<Lie>,
    counts: [AtomicU64; PLACES.len()],
    came_to_it: AtomicBool,
}

impl Told {
    pub(super) fn new(lie: Option<Lie>) -> Self {
        Self { lie, counts: Default::default(), came_to_it: AtomicBool::new(false) }
    }

    /// Messages of each kind so far.
    pub fn census(&self) -> Census {
        Census(std::array::from_fn(|at| self.counts[at].load(Ordering::SeqCst)))
    }

    /// Whether the conversation came to the lie.
    pub fn is_told(&self) -> bool {
        self.came_to_it.load(Ordering::SeqCst)
    }

    /// Counts an answer, to a question for a sample of rows or another; the lie to tell in its place, if it is time.
    pub(super) fn lie_at(&self, answer: &Answer, is_sample: bool) -> Option<&Lie> {
        let mut due = None;
        for (place, count) in PLACES.iter().zip(&self.counts) {
            if place.has(answer, is_sample) {
                let before = count.fetch_add(1, Ordering::SeqCst);
                due = due
                    .or(self.lie.as_ref().filter(|lie| lie.place == *place && lie.after == before));
            }
        }
        if due.is_some() {
            self.came_to_it.store(true, Ordering::SeqCst);
        }
        due
    }
}
