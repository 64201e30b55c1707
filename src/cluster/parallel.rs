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
    futures::stream::iter(futures).buffered(WIDTH).collect()
}
