//! Several things at the same time, in one task.

use std::{future::poll_fn, task::Poll};

/// Waits for all of them at the same time, in this task, and returns what they return, in order.
pub async fn together<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        let mut all = Poll::Ready(());
        for (future, output) in &mut running {
            if output.is_some() {
                continue;
            }
            match future.as_mut().poll(context) {
                Poll::Ready(value) => *output = Some(value),
                Poll::Pending => all = Poll::Pending,
            }
        }
        all
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test]
    async fn takes_as_long_as_the_longest_and_keeps_order() {
        let begun = Instant::now();
        let outputs = together([30_u64, 10, 20].map(|millis| async move {
            sleep(Duration::from_millis(millis)).await;
            millis
        }))
        .await;
        assert_eq!(outputs, [30, 10, 20]);
        assert!(begun.elapsed() < Duration::from_millis(59));
        assert!(together(Vec::<std::future::Ready<()>>::new()).await.is_empty());
    }
}
