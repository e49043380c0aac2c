//! A conversation by hand, typed.

#[path = "../src/bin/fake/toy.rs"]
mod toy;

use std::{fmt::Write as _, path::Path};

use hallmark_driver::{
    Builtin,
    console::{Console, Said},
};

#[tokio::test]
async fn two_devices_are_driven_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("note"), "from a file").unwrap();
    let driver = Builtin::new("toy", || Box::new(toy::Toy::saying(None)));
    let mut console = Console::open(&driver, &["alice".to_owned()]).await.unwrap();
    let mut shown = format!("{}\n", console.greeting());
    for typed in [
        "",
        "# two devices",
        "identity.create name=alice",
        "bob: identity.create {\"name\": \"bob\"}",
        "bob: prekeys.publish one_time=1",
        "prekeys.import peer=bob prekeys=$bob/prekeys",
        "message.encrypt peer=bob plaintext=text:hello",
        "message.encrypt peer=bob plaintext=@note",
        "bob: message.decrypt from=alice envelope=$alice/envelopes/0",
        "bob: message.decrypt from=alice envelope=$alice/envelopes/0",
        "message.encrypt peer=bob plaintext=b64:aGk=",
        // Mistakes, of which nothing is sent.
        "message.encrypt peer=bob plaintext=hello",
        "message.encrypt peer=bob",
        "message.encrypt peer=bob plaintext=@nowhere",
        "message.encrypt bob",
        "prekeys.publish one_time=many",
        "no.such",
        "carol:",
        "message.decrypt from=bob envelope=$carol/envelopes/0",
        "message.decrypt from=bob envelope=$bob/envelopes/0",
        "help no.such",
        "help message.encrypt",
        "backup.export",
        "group.create group=ward",
        "group.add group=ward members=bob",
        "help",
        "ops",
    ] {
        let said = match console.line(typed, folder.path()).await {
            Said::Text(text) => text,
            Said::Mistake(mistake) => format!("mistake: {mistake}\n"),
            Said::Quit => panic!("{typed} quits"),
        };
        let _ = write!(shown, "> {typed}\n{said}");
    }
    assert_eq!(console.line(" quit ", Path::new("")).await, Said::Quit);
    console.end().await;
    let folder = folder.path().display().to_string();
    insta::with_settings!({filters => vec![(r"\(\d+\.\d ms\)", "(TIME)")]}, {
        insta::assert_snapshot!(shown.replace(&folder, "FOLDER"));
    });
}
