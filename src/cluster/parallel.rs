//! Many requests at once, but not too many.

use std::future::Future;

use futures::StreamExt as _;

/// How many requests are under way at once: enough to hide the latency, few enough for the server's fair queueing.
const WIDTH: usize = 16;

/// Runs `work` on every item, at most 16 at once, and returns the results in the items' order.
///
/// One item's error does not stop the others: every problem is reported at once.
pub fn in_parallel<T, R, F, W>(items: impl IntoIterator<Item = T>, work: W) -> impl Future<Output = Vec<R>>
where
    F: Future<Output = R>,
    W: FnMut(T) -> F,
{
    // The futures are made here, so that the result holds no closure: it can then be sent to another thread.
    let futures: Vec<F> = items.into_iter().map(work).collect();
    async {
        let numbered = futures.into_iter().enumerate().map(|(number, future)| async move { (number, future.await) });
        // Unordered: a slow answer must not keep the next requests from being sent.
        let mut results: Vec<(usize, R)> = futures::stream::iter(numbered).buffer_unordered(WIDTH).collect().await;
        results.sort_unstable_by_key(|(number, _)| *number);
        results.into_iter().map(|(_, result)| result).collect()
    }
}
