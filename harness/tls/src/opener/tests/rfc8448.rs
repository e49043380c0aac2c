//! The simple 1-RTT handshake of RFC 8448, section 3: traffic secrets and complete records.

use crate::{
    CipherSuite, ContentType, Record,
    opener::{OpenError, Opener, content_type, testing::unhex},
};

const CLIENT_HANDSHAKE: &str = "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21";
const SERVER_HANDSHAKE: &str = "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38";
const CLIENT_APPLICATION: &str = "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
const SERVER_APPLICATION: &str = "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";

const SERVER_FLIGHT: &str =
    "17030302a2d1ff334a56f5bff6594a07cc87b580233f500f45e489e7f33af35edf7869fcf40aa40a
     a2b8ea73f848a7ca07612ef9f945cb960b4068905123ea78b111b429ba9191cd05d2a389280f5261
     34aadc7fc78c4b729df828b5ecf7b13bd9aefb0e57f271585b8ea9bb355c7c79020716cfb9b1183e
     f3ab20e37d57a6b9d7477609aee6e122a4cf51427325250c7d0e509289444c9b3a648f1d71035d2e
     d65b0e3cdd0cbae8bf2d0b227812cbb360987255cc744110c453baa4fcd610928d809810e4b7ed1a
     8fd991f06aa6248204797e36a6a73b70a2559c09ead686945ba246ab66e5edd8044b4c6de3fcf2a8
     9441ac66272fd8fb330ef8190579b3684596c960bd596eea520a56a8d650f563aad27409960dca63
     d3e688611ea5e22f4415cf9538d51a200c27034272968a264ed6540c84838d89f72c24461aad6d26
     f59ecaba9acbbb317b66d902f4f292a36ac1b639c637ce343117b659622245317b49eeda0c6258f1
     00d7d961ffb138647e92ea330faeea6dfa31c7a84dc3bd7e1b7a6c7178af36879018e3f252107f24
     3d243dc7339d5684c8b0378bf30244da8c87c843f5e56eb4c5e8280a2b48052cf93b16499a66db7c
     ca71e4599426f7d461e66f99882bd89fc50800becca62d6c74116dbd2972fda1fa80f85df881edbe
     5a37668936b335583b599186dc5c6918a396fa48a181d6b6fa4f9d62d513afbb992f2b992f67f8af
     e67f76913fa388cb5630c8ca01e0c65d11c66a1e2ac4c85977b7c7a6999bbf10dc35ae69f5515614
     636c0b9b68c19ed2e31c0b3b66763038ebba42f3b38edc0399f3a9f23faa63978c317fc9fa66a73f
     60f0504de93b5b845e275592c12335ee340bbc4fddd502784016e4b3be7ef04dda49f4b440a30cb5
     d2af939828fd4ae3794e44f94df5a631ede42c1719bfdabf0253fe5175be898e750edc53370d2b";
const CLIENT_FINISHED: &str =
    "170303003575ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac
     98fc46deb384bd1caeacab6867d726c40546";
const TICKET: &str =
    "17030300de3a6b8f90414a97d6959c3487680de5134a2b240e6cffac116e95d41d6af8f6b580dcf3
     d11d63c758db289a015940252f55713e061dc13e078891a38efbcf5753ad8ef170ad3c7353d16d9d
     a773b9ca7f2b9fa1b6c0d4a3d03f75e09c30ba1e62972ac46f75f7b981be63439b2999ce13064615
     139891d5e4c5b406f16e3fc181a77ca475840025db2f0a77f81b5ab05b94c01346755f69232c8651
     9d86cbeeac87aac347d143f9605d64f650db4d023e70e952ca49fe5137121c74bc2697687e248746
     d6df353005f3bce18696129c8153556b3b6c6779b37bf15985684f";
const CLIENT_DATA: &str =
    "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b39
     5bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4";
const SERVER_DATA: &str =
    "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6df
     fc602dcb501a59a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d";
const CLIENT_ALERT: &str = "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3";
const SERVER_ALERT: &str = "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9";

fn record(text: &str) -> Record {
    let bytes = unhex(text);
    let (header, fragment) = bytes.split_at(5);
    assert_eq!(usize::from(header[3]) << 8 | usize::from(header[4]), fragment.len());
    Record {
        content_type: content_type(header[0]).expect("a content type"),
        version: u16::from_be_bytes([header[1], header[2]]),
        fragment: fragment.to_vec(),
    }
}

fn opener(secret: &str) -> Opener {
    Opener::tls13(CipherSuite(0x1301), &unhex(secret)).expect("TLS_AES_128_GCM_SHA256")
}

#[test]
fn handshake() {
    let flight = opener(SERVER_HANDSHAKE).open(&record(SERVER_FLIGHT)).expect("opens");
    assert_eq!(flight.content_type, ContentType::Handshake);
    assert_eq!(flight.plaintext.len(), 657);
    // EncryptedExtensions first, Finished last.
    assert!(flight.plaintext.starts_with(&unhex("080000240022000a0014")));
    assert!(flight.plaintext.ends_with(&unhex(
        "140000209b9b141d906337fbd2cbdce71df4deda4ab42c309572cb7fffee5454b78f0718"
    )));

    let mut client = opener(CLIENT_HANDSHAKE);
    assert_eq!(client.open(&record(SERVER_FLIGHT)), Err(OpenError::BadRecord));
    let finished = client.open(&record(CLIENT_FINISHED)).expect("opens");
    assert_eq!(finished.content_type, ContentType::Handshake);
    assert_eq!(
        finished.plaintext,
        unhex("14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61")
    );
}

#[test]
fn application() {
    let data: Vec<u8> = (0..50).collect();
    let mut client = opener(CLIENT_APPLICATION);
    assert_eq!(client.open(&record(CLIENT_DATA)).expect("opens").plaintext, data);
    let alert = client.open(&record(CLIENT_ALERT)).expect("opens");
    assert_eq!((alert.content_type, &alert.plaintext[..]), (ContentType::Alert, &[1, 0][..]));

    let mut server = opener(SERVER_APPLICATION);
    assert_eq!(server.open(&record(SERVER_DATA)), Err(OpenError::BadRecord), "out of order");
    let ticket = server.open(&record(TICKET)).expect("opens");
    assert_eq!((ticket.content_type, ticket.plaintext[0]), (ContentType::Handshake, 4));
    let opened = server.open(&record(SERVER_DATA)).expect("opens");
    assert_eq!((opened.content_type, opened.plaintext), (ContentType::ApplicationData, data));
    assert_eq!(server.open(&record(SERVER_ALERT)).expect("opens").plaintext, [1, 0]);
}
