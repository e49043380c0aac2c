//! The live app: users reach each other through its server, and through the malicious one as long as it
//! attacks nobody.

use std::path::Path;

use hallmark_driver::{
    protocol::{
        Class,
        ops::{
            AccountLogin, Content, ConversationRead, DeviceList, GroupAdd, GroupCreate,
            MessageAwait, MessageSend, RelayOpen, RelaySeen, RelayTamper, ServerEndpoint,
            VerifyStart, WorldSet,
        },
    },
    sdk::{Declined, Device, Reply},
};
use hallmark_reference::{Fault, Faults, Interceptor, LiveApp, LiveServer};
use tempfile::TempDir;

fn endpoint(port: u16) -> ServerEndpoint {
    ServerEndpoint { host: "127.0.0.1".to_owned(), port, name: None, trust_anchor: None }
}

/// An app on the device `user-phone`, before anybody logs in.
fn app(user: &str, port: u16, folder: &Path, faults: Faults) -> LiveApp {
    let storage = folder.join(format!("{user}-phone"));
    std::fs::create_dir_all(&storage).unwrap();
    let storage = Some(storage.display().to_string());
    let mut app = LiveApp::new(faults);
    app.world_set(WorldSet { server: Some(endpoint(port)), storage, ..WorldSet::default() })
        .unwrap();
    app
}

fn log_in(app: &mut LiveApp, user: &str, password: &str) -> Reply<()> {
    let (user, password) = (user.to_owned(), password.to_owned());
    app.account_login(AccountLogin { user, password, display_name: None }).map(drop)
}

fn user(user: &str, port: u16, folder: &Path) -> LiveApp {
    let mut app = app(user, port, folder, Faults::NONE);
    log_in(&mut app, user, "secret").unwrap();
    app
}

fn say(app: &mut LiveApp, conversation: &str, text: &str) -> Reply<()> {
    let content = Content::Text { text: text.to_owned() };
    app.message_send(MessageSend { conversation: conversation.to_owned(), content }).map(drop)
}

/// The senders of this text, once it is there.
fn hear(app: &mut LiveApp, conversation: &str, text: &str) -> Vec<String> {
    let (conversation, contains) = (conversation.to_owned(), text.to_owned());
    let wait = MessageAwait { conversation, contains, millis: 10_000 };
    let shown = app.message_await(wait).unwrap().messages;
    let says = Content::Text { text: text.to_owned() };
    shown.into_iter().filter(|one| one.content == says).map(|one| one.sender).collect()
}

#[test]
fn users_reach_each_other_alone_and_in_groups_also_after_a_restart() {
    let (server, folder) = (LiveServer::start().unwrap(), TempDir::new().unwrap());
    let port = server.address().port();
    let enter = |name: &str| user(name, port, folder.path());
    let (mut alice, mut bob, mut carol) = (enter("alice"), enter("bob"), enter("carol"));
    say(&mut alice, "bob", "one").unwrap();
    assert_eq!(hear(&mut bob, "alice", "one"), ["alice"]);
    drop(alice);
    let mut alice = enter("alice");
    say(&mut bob, "alice", "two").unwrap();
    assert_eq!(hear(&mut alice, "bob", "two"), ["bob"]);

    alice.group_create(GroupCreate::named("ward")).unwrap();
    let members = vec!["bob".to_owned(), "carol".to_owned()];
    alice.group_add(GroupAdd { group: "ward".to_owned(), members }).unwrap();
    say(&mut alice, "ward", "three").unwrap();
    assert_eq!(hear(&mut carol, "ward", "three"), ["alice"]);
    say(&mut carol, "ward", "four").unwrap();
    assert_eq!(hear(&mut bob, "ward", "four"), ["carol"]);

    let print = |app: &mut LiveApp, peer: &str| {
        app.verify_start(VerifyStart { peer: peer.to_owned() }).unwrap().fingerprint
    };
    assert_eq!(print(&mut alice, "bob"), print(&mut bob, "alice"));
    assert_ne!(print(&mut alice, "bob"), print(&mut alice, "carol"));
}

#[test]
fn nobody_enters_with_another_password_or_writes_to_nobody() {
    let (server, folder) = (LiveServer::start().unwrap(), TempDir::new().unwrap());
    let port = server.address().port();
    let mut alice = user("alice", port, folder.path());
    let elsewhere = folder.path().join("elsewhere");
    let mut mallory = app("alice", port, &elsewhere, Faults::NONE);
    assert!(matches!(log_in(&mut mallory, "alice", "guess"), Err(Declined::Error(_))));
    let Err(Declined::Refused(refusal)) = say(&mut alice, "nobody", "hello?") else {
        panic!("a user who is not there was written to");
    };
    assert_eq!(refusal.class, Class::UnknownKey);
}

#[test]
fn the_interceptor_carries_everything_and_reads_with_the_fault_only() {
    for fault in [None, Some(Fault::BelieveServerKeys)] {
        let (server, folder) = (LiveServer::start().unwrap(), TempDir::new().unwrap());
        let mut between = Interceptor::default();
        let further = [].into();
        let open = RelayOpen { server: endpoint(server.address().port()), further };
        let port = between.relay_open(open).unwrap().port;
        let faults = fault.map(Faults::from).unwrap_or_default();
        let mut alice = app("alice", port, folder.path(), faults);
        log_in(&mut alice, "alice", "secret").unwrap();
        let mut bob = user("bob", port, folder.path());
        say(&mut alice, "bob", "one").unwrap();
        assert_eq!(hear(&mut bob, "alice", "one"), ["alice"]);
        let seen = between.relay_seen(RelaySeen {}).unwrap();
        assert_eq!((seen.recipients, seen.read), (vec!["bob/bob-phone".to_owned()], vec![]));

        let (view, whom) = ("alice".to_owned(), "bob".to_owned());
        between.relay_tamper(RelayTamper::DeviceKeys { view, user: whom }).unwrap();
        let sent = say(&mut alice, "bob", "two");
        let seen = between.relay_seen(RelaySeen {}).unwrap();
        assert!(seen.applied > 0);
        match fault {
            None => {
                assert!(matches!(sent, Err(Declined::Refused(_))));
                assert!(seen.read.is_empty());
                let list = DeviceList { user: "bob".to_owned() };
                assert!(alice.device_list(list).is_err());
            }
            Some(_) => {
                assert_eq!((sent, seen.read), (Ok(()), vec!["two".to_owned()]));
                let read = ConversationRead { conversation: "alice".to_owned() };
                assert_eq!(bob.conversation_read(read).unwrap().messages.len(), 1);
            }
        }
    }
}
