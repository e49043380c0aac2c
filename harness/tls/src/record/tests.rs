use proptest::prelude::*;

use super::*;

fn stream(records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    for record in records {
        out.push(record.content_type.wire());
        crate::bytes::words(&mut out, [record.version]);
        crate::bytes::vector(&mut out, 2, |out| out.extend(&record.fragment));
    }
    out
}

fn all(deframer: &mut Deframer) -> Result<Vec<Record>, ParseError> {
    let mut records = Vec::new();
    while let Some(record) = deframer.next()? {
        records.push(record);
    }
    Ok(records)
}

#[test]
fn what_is_no_record_is_an_error_at_once_and_for_good() {
    let error = |bytes: &[u8]| {
        let mut deframer = Deframer::default();
        deframer.push(bytes);
        let error = all(&mut deframer).unwrap_err();
        deframer.push(&[22, 3, 1, 0, 0]);
        assert_eq!(deframer.next(), Err(error.clone()));
        assert_eq!(deframer.pending(), bytes.get(error.offset - error.offset % 5..).unwrap());
        error.to_string()
    };
    assert_eq!(error(b"H"), "the type of a record is unknown at byte 0");
    assert_eq!(error(&[25, 3, 3, 0, 1]), "the type of a record is unknown at byte 0");
    assert_eq!(error(&[22, 2]), "the version of a record is unknown at byte 1");
    assert_eq!(error(&[22, 3, 9, 0x48, 0x01]), "a record is too long at byte 3");
    assert_eq!(error(&[21, 3, 1, 0, 0, b'H']), "the type of a record is unknown at byte 5");
}

#[test]
fn the_longest_record_is_one() {
    let fragment = vec![7; LARGEST_FRAGMENT];
    let record = Record { content_type: ContentType::ApplicationData, version: 0x0303, fragment };
    let mut deframer = Deframer::default();
    deframer.push(&stream(std::slice::from_ref(&record)));
    assert_eq!(deframer.next(), Ok(Some(record)));
    assert_eq!((deframer.next(), deframer.pending()), (Ok(None), &[][..]));
}

fn any_record() -> impl Strategy<Value = Record> {
    let types = (20..=24_u8).prop_map(|wire| ContentType::from_wire(wire).unwrap());
    let fragment = prop::collection::vec(any::<u8>(), 0..400);
    (types, 0x0300..=0x03FF_u16, fragment).prop_map(|(content_type, version, fragment)| Record {
        content_type,
        version,
        fragment,
    })
}

proptest! {
    #[test]
    fn chunks_of_any_size_give_the_same(
        records in prop::collection::vec(any_record(), 0..12),
        tail in prop::collection::vec(any::<u8>(), 0..8),
        sizes in prop::collection::vec(0_usize..700, 1..30),
    ) {
        let stream = [stream(&records), tail].concat();
        let mut whole = Deframer::default();
        whole.push(&stream);
        let at_once: Vec<_> = std::iter::from_fn(|| whole.next().transpose()).take(20).collect();
        prop_assert!(at_once.len() >= records.len());

        let (mut parts, mut rest, mut in_parts) = (Deframer::default(), &stream[..], Vec::new());
        let mut sizes = sizes.into_iter().cycle();
        let mut left = 10_000;
        while !rest.is_empty() && left > 0 {
            let (now, later) = rest.split_at(sizes.next().unwrap().min(rest.len()));
            parts.push(now);
            rest = later;
            left -= 1;
            while let Ok(Some(record)) = parts.next() {
                in_parts.push(Ok(record));
            }
        }
        if left > 0 {
            in_parts.extend(std::iter::from_fn(|| parts.next().transpose()).take(20 - in_parts.len()));
            prop_assert_eq!(in_parts, at_once);
        }
    }
}
