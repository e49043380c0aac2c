//! Servers that mind how many connections there are.

use std::time::Duration;

use hallmark_wire::{Budget, Line, Patience, Refusal, together};

use crate::{
    common, flight, refusal,
    server::{SOON, Server, accept, context, sleep},
};

#[tokio::test]
async fn never_more_at_a_time_than_the_budget_says() {
    let server = Server::start(|client| {
        client.hello();
        sleep(10);
        client.leave();
        client.say([0x15, 3, 3, 0, 2, 2, 40]);
    });
    let line = server.line();
    let hello = common();
    together((0..60).map(|_| refusal(&line, &hello))).await;
    assert_eq!((line.connections(), server.accepted()), (60, 60));
    assert_eq!(server.most(), 8);
}

#[tokio::test]
async fn the_budget_is_kept() {
    let server = Server::tls(|_| ());
    let budget = Budget { connections: 5, in_flight: 2 };
    let line = Line::with_patience(server.target(), budget, SOON);
    let hello = common();
    let replies = together((0..9).map(|_| line.ask(&hello))).await;
    let refused: Vec<_> =
        replies.into_iter().filter_map(|reply| reply.into_result().err()).collect();
    assert_eq!(refused, vec![Refusal::BudgetSpent; 4]);
    assert_eq!((line.connections(), server.accepted()), (5, 5));
}

#[tokio::test]
async fn second_tries_have_a_reserve() {
    // The 15th of 16 connections is the last for first tries, and goes unanswered.
    let server = Server::with_good_one(|number| number != 14, |client| client.wait());
    let budget = Budget { connections: 16, in_flight: 1 };
    let line = Line::with_patience(server.target(), budget, SOON);
    for _ in 0..15 {
        flight(&line, &common()).await;
    }
    assert_eq!(refusal(&line, &common()).await, Refusal::BudgetSpent);
    assert_eq!(line.connections(), 16);
}

#[tokio::test]
async fn a_server_that_closes_under_load_is_asked_alone() {
    // Bears one connection at a time: closes the others at once, as connection limits do.
    let context = context(|_| ());
    let server = Server::start(move |client| {
        if client.now() > 1 {
            client.hello();
        } else {
            sleep(20);
            accept(&context, client.stream);
        }
    });
    // As long as it takes the server to notice, on a machine that has other things to do.
    let patience = Patience { settle: Duration::from_millis(250), ..Patience::default() };
    let line = Line::with_patience(server.target(), Budget::default(), patience);
    let hello = common();
    let replies = together((0..24).map(|_| line.ask(&hello))).await;
    let refused: Vec<_> =
        replies.into_iter().filter_map(|reply| reply.into_result().err()).collect();
    assert_eq!(refused, []);
}

#[tokio::test]
async fn a_close_is_doubted_once() {
    let server = Server::start(|client| {
        client.hello();
    });
    let line = server.line();
    let hello = common();
    together((0..30).map(|_| refusal(&line, &hello))).await;
    // The first was alone, as the first always is: nothing disturbed it.
    assert_eq!(line.connections(), 1 + 29 * 2);
    assert!(!line.has_heard_hello());
}

#[tokio::test]
async fn a_server_that_goes_away_is_waited_for_and_given_up() {
    let server = Server::tls(|_| ());
    let line = server.line();
    flight(&line, &common()).await;
    drop(server);
    let refusals = together((0..20).map(|_| async { refusal(&line, &common()).await })).await;
    assert!(refusals.iter().all(|refusal| matches!(refusal, Refusal::Unreachable(_))));
    assert!(line.given_up().is_some());
    assert!(line.connections() < 1 + 20 * 4, "{}", line.connections());
}

#[tokio::test]
async fn time_outs_follow_the_server() {
    // As slow as the first limit allows, then the same again: no second tries.
    let context = context(|_| ());
    let server = Server::start(move |client| {
        sleep(250);
        accept(&context, client.stream);
    });
    let line = server.line();
    assert!(SOON.least < Duration::from_millis(250));
    for _ in 0..3 {
        flight(&line, &common()).await;
    }
    assert_eq!(line.connections(), 3);
}
