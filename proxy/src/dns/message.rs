//! Messages of DNS (RFC 1035, section 4) as far as they are spoken here: one question for addresses, and its answer. Pure.

use std::net::IpAddr;

const HEADER: usize = 12;

/// How long an answer may be kept, in seconds: as long as the proxy itself remembers it, or less.
const LIFE: u32 = 30;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Something else, by its number. There is never any.
    Other(u16),
}

/// How a question is answered (RFC 1035, section 4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// With what there is, which may be nothing.
    Fine = 0,
    /// It can't be read.
    Malformed = 1,
    /// The name doesn't exist, or nobody knows.
    Unknown = 3,
    /// It may not be asked.
    Refused = 5,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The name, as the client wrote it, without the last dot.
    pub name: String,
    /// What is asked for.
    pub kind: Kind,
    /// Where the question ends in its message.
    end: usize,
}

/// Why a message has no question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It is an answer, or too short to be answered.
    #[error("the message is no question")]
    NoQuestion,
    /// It isn't one plain question.
    #[error("the message is malformed")]
    Malformed,
}

impl Kind {
    fn new(number: u16) -> Self {
        match number {
            1 => Self::A,
            28 => Self::Aaaa,
            other => Self::Other(other),
        }
    }

    /// Its name in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Other(_) => "OTHER",
        }
    }

    /// Whether an address is of this kind.
    pub fn takes(self, address: IpAddr) -> bool {
        match self {
            Self::A => address.is_ipv4(),
            Self::Aaaa => address.is_ipv6(),
            Self::Other(_) => false,
        }
    }
}

/// Reads a question.
pub fn question(message: &[u8]) -> Result<Question, MessageError> {
    let header = message.get(..HEADER).ok_or(MessageError::NoQuestion)?;
    if header[2] & 0x80 != 0 {
        return Err(MessageError::NoQuestion);
    }
    let is_query = header[2] & 0x78 == 0;
    if !is_query || header[4..6] != [0, 1] {
        return Err(MessageError::Malformed);
    }
    let mut name = String::new();
    let mut at = HEADER;
    loop {
        let length = usize::from(*message.get(at).ok_or(MessageError::Malformed)?);
        at += 1;
        match length {
            0 => break,
            // A pointer: a first question has nothing to point back to.
            64.. => return Err(MessageError::Malformed),
            _ => {}
        }
        let label = message.get(at..at + length).ok_or(MessageError::Malformed)?;
        // A dot within a label would make two labels of it for whoever reads the name as text.
        if label.iter().any(|byte| !byte.is_ascii_graphic() || *byte == b'.') || name.len() + length > 254 {
            return Err(MessageError::Malformed);
        }
        if !name.is_empty() {
            name.push('.');
        }
        name.extend(label.iter().copied().map(char::from));
        at += length;
    }
    let Some([kind_high, kind_low, class_high, class_low]) = message.get(at..at + 4) else {
        return Err(MessageError::Malformed);
    };
    // The internet.
    if [*class_high, *class_low] != [0, 1] {
        return Err(MessageError::Malformed);
    }
    Ok(Question { name, kind: Kind::new(u16::from_be_bytes([*kind_high, *kind_low])), end: at + 4 })
}

/// Answers a question with as many addresses as fit.
pub fn answer(message: &[u8], question: &Question, code: Code, addresses: &[IpAddr], longest: usize) -> Vec<u8> {
    let mut answer = header(message, code);
    answer[5] = 1;
    answer.extend_from_slice(&message[HEADER..question.end]);
    let mut count: u16 = 0;
    for address in addresses {
        let mut record = vec![0xc0, 12];
        let (kind, data) = match address {
            IpAddr::V4(address) => (1u16, address.octets().to_vec()),
            IpAddr::V6(address) => (28, address.octets().to_vec()),
        };
        record.extend_from_slice(&kind.to_be_bytes());
        record.extend_from_slice(&[0, 1]);
        record.extend_from_slice(&LIFE.to_be_bytes());
        record.extend_from_slice(&[0, u8::try_from(data.len()).expect("an address has 4 or 16 bytes")]);
        record.extend_from_slice(&data);
        if answer.len() + record.len() > longest {
            break;
        }
        answer.extend_from_slice(&record);
        count += 1;
    }
    answer[6..8].copy_from_slice(&count.to_be_bytes());
    answer
}

/// Answers what can't be read, without repeating it.
pub fn refuse(message: &[u8], code: Code) -> Option<Vec<u8>> {
    message.get(..HEADER).map(|_| header(message, code))
}

fn header(message: &[u8], code: Code) -> Vec<u8> {
    let mut header = vec![0; HEADER];
    header[..2].copy_from_slice(&message[..2]);
    // An answer, to a query, that repeats whether recursion is wanted, and says that it is there.
    header[2] = 0x80 | message[2] & 0x01;
    header[3] = 0x80 | code as u8;
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(name: &str, kind: u16) -> Vec<u8> {
        let mut message = vec![7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            message.push(u8::try_from(label.len()).unwrap());
            message.extend_from_slice(label.as_bytes());
        }
        message.push(0);
        message.extend_from_slice(&kind.to_be_bytes());
        message.extend_from_slice(&[0, 1]);
        message
    }

    #[test]
    fn a_question_is_read_and_answered() {
        let message = ask("Api.example", 1);
        let asked = question(&message).unwrap();
        assert_eq!((asked.name.as_str(), asked.kind), ("Api.example", Kind::A));
        let answer = answer(&message, &asked, Code::Fine, &["10.1.2.3".parse().unwrap()], 512);
        assert_eq!(answer[..8], [7, 9, 0x81, 0x80, 0, 1, 0, 1]);
        assert_eq!(answer[answer.len() - 4..], [10, 1, 2, 3]);
    }

    #[test]
    fn an_answer_is_no_longer_than_it_may_be() {
        let message = ask("api.example", 28);
        let asked = question(&message).unwrap();
        let addresses: Vec<_> = (0..100u128).map(|number| IpAddr::V6(number.into())).collect();
        let answer = answer(&message, &asked, Code::Fine, &addresses, 512);
        assert!(answer.len() <= 512);
        assert_eq!(usize::from(answer[7]), (512 - message.len()) / 28);
    }

    #[test]
    fn what_isnt_one_plain_question_is_malformed() {
        let good = ask("api.example", 1);
        for length in 0..good.len() {
            assert!(question(&good[..length]).is_err());
        }
        let mut answer = good.clone();
        answer[2] |= 0x80;
        assert_eq!(question(&answer), Err(MessageError::NoQuestion));
        let mut pointer = good.clone();
        pointer[12] = 0xc0;
        assert_eq!(question(&pointer), Err(MessageError::Malformed));
        assert_eq!(question(&ask("a\0b", 1)), Err(MessageError::Malformed));
        let mut two = good;
        two[5] = 2;
        assert_eq!(question(&two), Err(MessageError::Malformed));
    }
}
