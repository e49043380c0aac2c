//! What a driver's process can reach, and what it is handed, by trying.

use std::{net::TcpListener, time::Duration};

use hallmark_driver::{
    Connection, Deadlines, Farewell, Guard, Launch, Network, Secrets, protocol::ops,
};
use serde_json::Value;

const GUARD: &str = env!("CARGO_BIN_EXE_hallmark-driver-guard");
const FAKE: &str = env!("CARGO_BIN_EXE_hallmark-fake-driver");

const PASSWORD: &str = "correct horse \"battery\" staple";

fn fake(mode: &str, marker: &str) -> Launch {
    let patience = Duration::from_secs(20);
    Launch {
        args: [mode, "0", marker].map(Into::into).into(),
        deadlines: Deadlines { hello: patience, operation: patience },
        ..Launch::program(mode, FAKE, Guard::at(GUARD))
    }
}

async fn said(connection: &Connection) -> Value {
    serde_json::from_str(&connection.hello().calling).unwrap()
}

/// The sentence about the network.
fn sentence(connection: &Connection) -> String {
    let isolation = connection.isolation();
    isolation.into_iter().find(|line| line.contains("network")).unwrap()
}

#[tokio::test]
async fn a_driver_reaches_what_its_manifest_asks_for() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    // The control: without restriction the port is there.
    let any = fake("network", &port).connect().await.unwrap();
    assert_eq!(said(&any).await["outside"], "Ok(())");
    assert_eq!(sentence(&any), "network not restricted: the driver did not give it up");

    for (network, begins, own) in [
        (Network::None, "no network (a namespace without interfaces)", false),
        (Network::Loopback, "no network but a loopback interface of its own", true),
    ] {
        let launch = Launch { network, ..fake("network", &port) };
        let connection = launch.connect().await.unwrap();
        let (sentence, said) = (sentence(&connection), said(&connection).await);
        if sentence.starts_with("network not restricted: ") {
            // Where the system does not allow it, this is said, and is true.
            assert_eq!(said["outside"], "Ok(())", "{sentence}");
            continue;
        }
        assert!(sentence.starts_with(begins), "{sentence}");
        assert_ne!(said["outside"], "Ok(())", "{sentence}");
        assert_eq!(said["own"] == "Ok(())", own, "{said} {sentence}");
    }
}

#[tokio::test]
async fn secrets_arrive_and_are_blacked_out_of_what_a_driver_says() {
    let names = ["account-password".to_owned()];
    let secrets = Secrets::of(&names, |name| {
        (name == "HALLMARK_SECRET_ACCOUNT_PASSWORD").then(|| PASSWORD.into())
    })
    .unwrap();
    for network in [Network::None, Network::Any] {
        let launch = Launch { network, secrets: secrets.clone(), ..fake("secrets", "") };
        let mut connection = launch.connect().await.unwrap();
        let said = said(&connection).await;
        assert_eq!(said["value"], "(secret account-password)");
        assert_eq!(said["backwards"], PASSWORD.chars().rev().collect::<String>());
        assert_eq!(said["elsewhere"], false);
        let told = "secrets handed over on a pipe: account-password";
        assert!(connection.isolation().iter().any(|line| line == told));
        // The requests behind them arrive whole.
        assert_eq!(connection.call(&ops::Ping {}).await.to_string(), "ok");
        let ended = connection.end_by(Farewell::Silence).await;
        let words = ended.last_words.unwrap();
        assert_eq!(words, "the password is (secret account-password)");
        assert!(!format!("{launch:?}").contains("battery"), "{launch:?}");
    }
}

#[tokio::test]
async fn without_secrets_there_is_no_pipe() {
    let connection = fake("secrets", "").connect().await.unwrap();
    assert_eq!(said(&connection).await["value"], "");
}

/// A namespace must not slow down the start of a driver: generous, for busy machines.
#[tokio::test]
async fn isolation_costs_little_time() {
    let mut times = Vec::new();
    for network in [Network::Any, Network::None] {
        let start = std::time::Instant::now();
        for _ in 0..5 {
            let launch = Launch { network, ..fake("right", "") };
            launch.connect().await.unwrap().end().await;
        }
        times.push(start.elapsed() / 5);
    }
    let (without, with) = (times[0], times[1]);
    assert!(with < without * 3 + Duration::from_millis(500), "{without:?} became {with:?}");
}
