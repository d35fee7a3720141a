//! The program that the system runs for each packet (classic BPF), so that the others cost next to nothing. It passes what
//! `head` would make an attempt of; packets with extended heads of IPv6 it leaves to be read there.

use socket2::SockFilter;

use super::head::{ECHO, ECHO_V6, EXTENSIONS, ICMP, ICMPV6, LONGEST, PROXIED, SYN, SYN_ACK, TCP, UDP};

/// Where the system keeps what isn't in a packet (`linux/filter.h`): here its protocol, and which way it goes.
const BESIDE: u32 = 0xffff_f000;
const PROTOCOL: u32 = BESIDE;
const DIRECTION: u32 = BESIDE + 4;

/// On loopback each packet is seen twice: leaving (`PACKET_OUTGOING` of `linux/if_packet.h`) and arriving.
const LEAVING: u32 = 4;

const IPV4: u32 = 0x0800;
const IPV6: u32 = 0x86dd;

/// An instruction of the machine.
#[derive(Debug, Clone, Copy)]
struct Instruction {
    code: u16,
    yes: u8,
    no: u8,
    value: u32,
}

/// An instruction of the program, with names for places.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Loads so many bytes from there.
    Load(Width, u32),
    /// Loads so many bytes from there, behind an IPv4 head.
    LoadBehind(Width, u32),
    /// Learns how long the IPv4 head is.
    LearnLength,
    /// Keeps some bits of what was loaded.
    Mask(u32),
    /// Whether it is this.
    Is(u32, Go, Go),
    /// Whether it has any of these bits.
    Has(u32, Go, Go),
    /// A place.
    Here(Place),
    /// So many bytes of the packet are passed.
    Pass(usize),
}

#[derive(Debug, Clone, Copy)]
enum Width {
    Word,
    Half,
    Byte,
}

/// Where it goes on.
#[derive(Debug, Clone, Copy)]
enum Go {
    On,
    To(Place),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    V4,
    V4Tcp,
    V4Icmp,
    V6,
    V6Other,
    V6Tcp,
    V6Icmp,
    Take,
    Drop,
}

/// The program as the system takes it.
pub fn program() -> Vec<SockFilter> {
    let filter = |step: Instruction| SockFilter::new(step.code, step.yes, step.no, step.value);
    assemble(&steps()).into_iter().map(filter).collect()
}

fn steps() -> Vec<Step> {
    use Go::{On, To};
    use Place::{Drop, Take, V4, V4Icmp, V4Tcp, V6, V6Icmp, V6Other, V6Tcp};
    use Step::{Has, Here, Is, LearnLength, Load, LoadBehind, Mask, Pass};
    use Width::{Byte, Half, Word};

    let port = |[first, second]: [u16; 2]| [Is(first.into(), To(Drop), On), Is(second.into(), To(Drop), To(Take))];
    let [routing, fragment, options] = EXTENSIONS.map(u32::from);
    let mut steps = vec![Load(Word, DIRECTION), Is(LEAVING, On, To(Drop))];
    steps.extend([Load(Half, PROTOCOL), Is(IPV4, To(V4), On), Is(IPV6, To(V6), To(Drop))]);

    // Not to 127.0.0.0/8, and no later fragment.
    steps.extend([Here(V4), Load(Byte, 16), Is(127, To(Drop), On), Load(Half, 6), Has(0x1fff, To(Drop), On)]);
    steps.extend([LearnLength, Load(Byte, 9), Is(UDP.into(), To(Take), On)]);
    steps.extend([Is(TCP.into(), To(V4Tcp), On), Is(ICMP.into(), To(V4Icmp), To(Drop))]);
    steps.extend([Here(V4Icmp), LoadBehind(Byte, 0), Is(ECHO.into(), To(Take), To(Drop))]);
    steps.extend([Here(V4Tcp), LoadBehind(Byte, 13), Mask(SYN_ACK.into()), Is(SYN.into(), On, To(Drop))]);
    steps.push(LoadBehind(Half, 2));
    steps.extend(port(PROXIED));

    // Not to ::1.
    steps.extend([Here(V6), Load(Word, 24), Is(0, On, To(V6Other)), Load(Word, 28), Is(0, On, To(V6Other))]);
    steps.extend([Load(Word, 32), Is(0, On, To(V6Other)), Load(Word, 36), Is(1, To(Drop), On)]);
    steps.extend([Here(V6Other), Load(Byte, 6), Is(UDP.into(), To(Take), On)]);
    steps.extend([Is(TCP.into(), To(V6Tcp), On), Is(ICMPV6.into(), To(V6Icmp), On)]);
    steps.extend([Is(routing, To(Take), On), Is(fragment, To(Take), On), Is(options, To(Take), To(Drop))]);
    steps.extend([Here(V6Icmp), Load(Byte, 40), Is(ECHO_V6.into(), To(Take), To(Drop))]);
    steps.extend([Here(V6Tcp), Load(Byte, 53), Mask(SYN_ACK.into()), Is(SYN.into(), On, To(Drop))]);
    steps.push(Load(Half, 42));
    steps.extend(port(PROXIED));

    steps.extend([Here(Take), Pass(LONGEST), Here(Drop), Pass(0)]);
    steps
}

/// Puts distances in place of places, which are all further on.
fn assemble(steps: &[Step]) -> Vec<Instruction> {
    let is_instruction = |step: &&Step| !matches!(step, Step::Here(_));
    let distance = |from: usize, go: Go| match go {
        Go::On => 0,
        Go::To(place) => {
            let way = steps[from + 1..].iter().take_while(|step| !matches!(step, Step::Here(here) if *here == place));
            u8::try_from(way.filter(is_instruction).count()).expect("the program is short")
        }
    };
    let plain = |code, value| Some(Instruction { code, yes: 0, no: 0, value });
    let instruction = |(at, step): (usize, &Step)| match *step {
        Step::Load(width, offset) => plain(0x20 | width.code(), offset),
        Step::LoadBehind(width, offset) => plain(0x40 | width.code(), offset),
        Step::LearnLength => plain(0xb1, 0),
        Step::Mask(bits) => plain(0x54, bits),
        Step::Is(value, yes, no) => {
            Some(Instruction { code: 0x15, yes: distance(at, yes), no: distance(at, no), value })
        }
        Step::Has(value, yes, no) => {
            Some(Instruction { code: 0x45, yes: distance(at, yes), no: distance(at, no), value })
        }
        Step::Pass(bytes) => plain(0x06, u32::try_from(bytes).expect("a packet is short")),
        Step::Here(_) => None,
    };
    steps.iter().enumerate().filter_map(instruction).collect()
}

impl Width {
    fn code(self) -> u16 {
        match self {
            Self::Word => 0x00,
            Self::Half => 0x08,
            Self::Byte => 0x10,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::super::head::attempt;
    use super::super::head::tests::{packet, tcp};
    use super::*;

    /// Runs the program as the system does: whether a packet passes. A load from behind the packet's end drops it.
    fn passes(packet: &[u8], direction: u32) -> bool {
        let program = assemble(&steps());
        let (mut at, mut value, mut length) = (0, 0u32, 0);
        let load = |offset: usize, bytes: usize| {
            let bytes = packet.get(offset..offset + bytes)?;
            Some(bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
        };
        loop {
            let step = program[at];
            at += 1;
            let width = match step.code & 0x18 {
                0x00 => 4,
                0x08 => 2,
                _ => 1,
            };
            let loaded = match step.code {
                0x20 | 0x28 | 0x30 => match step.value {
                    DIRECTION => Some(direction),
                    PROTOCOL => Some(if packet.first().is_some_and(|byte| byte >> 4 == 4) { IPV4 } else { IPV6 }),
                    offset => load(offset as usize, width),
                },
                0x40 | 0x48 | 0x50 => load(length + step.value as usize, width),
                0xb1 => {
                    length = packet.first().map_or(0, |byte| usize::from(byte & 15) * 4);
                    Some(value)
                }
                0x54 => Some(value & step.value),
                0x15 => {
                    at += usize::from(if value == step.value { step.yes } else { step.no });
                    Some(value)
                }
                0x45 => {
                    at += usize::from(if value & step.value != 0 { step.yes } else { step.no });
                    Some(value)
                }
                0x06 => return step.value > 0,
                code => panic!("{code:#x} is no instruction"),
            };
            match loaded {
                Some(loaded) => value = loaded,
                None => return false,
            }
        }
    }

    #[test]
    fn what_arrives_has_been_seen_leaving() {
        let packet = packet("203.0.113.7".parse().unwrap(), TCP, &tcp(25, SYN));
        assert!(passes(&packet, LEAVING));
        assert!(!passes(&packet, 0));
    }

    fn packets() -> impl Strategy<Value = Vec<u8>> {
        const ADDRESSES: [&str; 9] =
            ["203.0.113.7", "127.0.0.1", "127.3.2.1", "::1", "2001:db8::7", "::2", "1::1", "0.0.0.0", "ff02::1"];
        let address = proptest::sample::select(&ADDRESSES[..]).prop_map(|text| text.parse::<IpAddr>().unwrap());
        let flags = prop_oneof![Just(SYN), Just(SYN_ACK), any::<u8>()];
        let port = prop_oneof![Just(80), Just(443), Just(25), any::<u16>()];
        let rest = prop_oneof![
            (port, flags).prop_map(|(port, flags)| tcp(port, flags)),
            proptest::collection::vec(any::<u8>(), 0..40),
            Just(vec![ECHO, 0]),
            Just(vec![ECHO_V6, 0]),
        ];
        let protocol = prop_oneof![Just(TCP), Just(UDP), Just(ICMP), Just(ICMPV6), any::<u8>()];
        (address, protocol, rest).prop_map(|(address, protocol, rest)| packet(address, protocol, &rest))
    }

    proptest! {
        #[test]
        fn every_attempt_passes_and_little_else(packet in packets()) {
            let passes = passes(&packet, LEAVING);
            let is_extended = packet[0] >> 4 == 6 && EXTENSIONS.contains(&packet[6]);
            // Who sends a datagram without a port is told nothing of by anybody.
            let is_cut_off = packet.len() < if packet[0] >> 4 == 6 { 44 } else { 24 };
            prop_assert!(attempt(&packet).is_none() || passes);
            prop_assert!(attempt(&packet).is_some() || !passes || is_extended || is_cut_off);
        }

        #[test]
        fn no_attempt_is_missed_in_any_packet(packet in proptest::collection::vec(any::<u8>(), 1..120)) {
            prop_assert!(attempt(&packet).is_none() || passes(&packet, LEAVING));
        }
    }
}
