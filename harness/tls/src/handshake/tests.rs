use proptest::prelude::*;

use super::*;

fn stream(messages: &[HandshakeMessage]) -> Vec<u8> {
    let mut out = Vec::new();
    for message in messages {
        out.push(message.kind);
        crate::bytes::vector(&mut out, 3, |out| out.extend(&message.body));
    }
    out
}

fn all(joiner: &mut HandshakeJoiner) -> Vec<HandshakeMessage> {
    std::iter::from_fn(|| joiner.next().unwrap()).collect()
}

#[test]
fn the_largest_message_is_the_limit() {
    let mut joiner = HandshakeJoiner::default();
    let body = vec![1; HandshakeJoiner::LARGEST];
    let message = HandshakeMessage { kind: 11, body };
    joiner.push(&stream(std::slice::from_ref(&message)));
    assert_eq!(joiner.next(), Ok(Some(message)));

    joiner.push(&[11, 4, 0, 1]);
    let error = joiner.next().unwrap_err();
    assert_eq!(error.to_string(), "a handshake message is too long at byte 1");
    joiner.push(&[14, 0, 0, 0]);
    assert_eq!((joiner.next(), joiner.pending()), (Err(error), &[][..]));
}

fn any_message() -> impl Strategy<Value = HandshakeMessage> {
    let body = prop::collection::vec(any::<u8>(), 0..600);
    (any::<u8>(), body).prop_map(|(kind, body)| HandshakeMessage { kind, body })
}

proptest! {
    #[test]
    fn fragments_of_any_size_give_the_same(
        messages in prop::collection::vec(any_message(), 0..12),
        cut in 0_usize..4,
        sizes in prop::collection::vec(1_usize..700, 1..30),
    ) {
        let tail = &[14, 0, 0][..cut.min(3)];
        let stream = [&stream(&messages)[..], tail].concat();
        let mut joiner = HandshakeJoiner::default();
        joiner.push(&stream);
        prop_assert_eq!(&all(&mut joiner), &messages);
        prop_assert_eq!(joiner.pending(), tail);

        let (mut joiner, mut rest, mut found) = (HandshakeJoiner::default(), &stream[..], Vec::new());
        for size in sizes.into_iter().cycle() {
            let (now, later) = rest.split_at(size.min(rest.len()));
            joiner.push(now);
            found.extend(all(&mut joiner));
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(found, messages);
        prop_assert_eq!(joiner.pending(), tail);
    }

    #[test]
    fn any_bytes_are_bearable(bytes: Vec<u8>) {
        let mut joiner = HandshakeJoiner::default();
        joiner.push(&bytes);
        while let Ok(Some(message)) = joiner.next() {
            prop_assert!(message.body.len() <= bytes.len());
        }
    }
}
