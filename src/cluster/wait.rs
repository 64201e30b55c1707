//! Waits that say what they wait for, its state, and since when.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    Cluster, Error, Json, LogOptions, ObjectRef, in_parallel,
    readiness::{Readiness, completion, readiness},
};

/// A wait says nothing for this long.
const QUIET: Duration = Duration::from_secs(2);
/// It repeats itself after this long without change.
const REPEAT: Duration = Duration::from_secs(10);
/// After this long it asks the pods what keeps them, and again after as long.
const ASK_PODS: Duration = Duration::from_secs(4);
/// Most of a Job's log that is kept.
const KEPT_LOG: usize = 1 << 20;

/// One thing that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// `statefulset/beta-database-master`
    pub what: String,
    /// `0 of 1 pods ready`
    pub state: String,
    /// How long it has been in this state.
    pub since: Duration,
}

/// Is told what goes on. The report room shows it; tests collect it.
pub trait Observer: Send + Sync {
    /// What is still waited for, whenever that changes and every few seconds; never within the first 2 s of a wait.
    /// `done` of `total` objects are ready.
    fn waiting(&self, done: usize, total: usize, waiting: &[Waiting]) {
        let _ = (done, total, waiting);
    }
    /// Something was done or seen that the user may want to know.
    fn info(&self, message: &str) {
        let _ = message;
    }
    /// Something is odd, but not an error.
    fn warning(&self, message: &str) {
        let _ = message;
    }
    /// A line of a container's log, as it is written.
    fn log_line(&self, source: &str, line: &str) {
        let _ = (source, line);
    }
}

/// An observer that keeps everything to itself.
pub struct Silent;

impl Observer for Silent {}

/// What a look at the thing waited for found.
#[derive(Clone, Debug)]
pub enum Step<T> {
    /// There.
    Done(T),
    /// Not yet; the words say in which state it is.
    Pending(String),
}

/// Options of [`Cluster::wait_ready`].
#[derive(Clone, Debug)]
pub struct WaitOptions {
    /// How long at most.
    pub timeout: Duration,
    /// Jobs must complete; otherwise being there is enough.
    pub jobs: bool,
}

/// What must become of the objects of a wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goal {
    Ready,
    ReadyAndJobsComplete,
    HookDone,
}

impl Cluster {
    /// Waits until all objects are ready. The first object that fails for good ends the wait.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Timeout`], both with events and log excerpts of the pods in trouble.
    pub async fn wait_ready(
        &self,
        objects: &[ObjectRef],
        options: &WaitOptions,
        observer: &dyn Observer,
    ) -> Result<(), Error> {
        let goal = if options.jobs { Goal::ReadyAndJobsComplete } else { Goal::Ready };
        self.wait_for(objects, goal, options.timeout, observer).await
    }

    /// Waits until hooks are done: Jobs and Pods must end well, everything else must be there.
    ///
    /// # Errors
    /// As [`Cluster::wait_ready`].
    pub async fn wait_done(
        &self,
        objects: &[ObjectRef],
        timeout: Duration,
        observer: &dyn Observer,
    ) -> Result<(), Error> {
        self.wait_for(objects, Goal::HookDone, timeout, observer).await
    }

    async fn wait_for(
        &self,
        objects: &[ObjectRef],
        goal: Goal,
        timeout: Duration,
        observer: &dyn Observer,
    ) -> Result<(), Error> {
        let mut narrator = Narrator::new(observer);
        let mut pace = Pace::new(timeout);
        let mut left: Vec<&ObjectRef> = objects.iter().collect();
        loop {
            let states = in_parallel(left, |object| async move {
                self.get(object).await.map(|live| (object, self.state(live.as_ref(), goal)))
            });
            let mut pending = Vec::new();
            for state in states.await {
                match state? {
                    (_, Readiness::Ready) => {}
                    (object, Readiness::Progressing(state)) => pending.push((object, state)),
                    (object, Readiness::Failed(state)) => {
                        let state = state + &self.troubles(object).await;
                        return Err(Error::Failed { what: object.to_string(), state });
                    }
                }
            }
            if pending.is_empty() {
                return Ok(());
            }
            narrator.ask_pods(self, &pending).await;
            narrator.tell(objects.len() - pending.len(), objects.len(), &pending);
            if !pace.next().await {
                return Err(self.timed_out(&pending, timeout).await);
            }
            left = pending.into_iter().map(|(object, _)| object).collect();
        }
    }

    fn state(&self, live: Option<&Json>, goal: Goal) -> Readiness {
        let Some(live) = live else { return Readiness::Progressing("does not exist yet".into()) };
        let is_job = live["kind"] == "Job";
        match goal {
            Goal::HookDone => return completion(live),
            Goal::ReadyAndJobsComplete if is_job => return completion(live),
            _ => {}
        }
        if live["kind"] == "Deployment" && live["spec"]["paused"] == true {
            return Readiness::Ready;
        }
        let created = live["metadata"]["creationTimestamp"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
        let age = created.map_or(0, |created| self.now().as_second() - created.as_second());
        readiness(live, age)
    }

    async fn timed_out(&self, pending: &[(&ObjectRef, String)], after: Duration) -> Error {
        let mut state = String::new();
        for (number, (object, words)) in pending.iter().enumerate() {
            if pending.len() > 1 {
                state.push_str("\n  ");
                state.push_str(&object.to_string());
                state.push_str(": ");
                state.push_str(words);
            } else {
                state.push_str(words);
            }
            // Three are enough to see why; a cluster in trouble has hundreds.
            if number < 3 {
                state.push_str(&self.troubles(object).await);
            }
        }
        let what = match pending {
            [(object, _)] => object.to_string(),
            _ => format!("{} objects", pending.len()),
        };
        Error::Timeout { what, state, after }
    }

    /// Waits until none of the objects exists.
    ///
    /// # Errors
    /// [`Error::Timeout`] names what is still there and its finalizers.
    pub async fn wait_deleted(
        &self,
        objects: &[ObjectRef],
        timeout: Duration,
        observer: &dyn Observer,
    ) -> Result<(), Error> {
        let mut narrator = Narrator::new(observer);
        let mut pace = Pace::new(timeout);
        let mut left: Vec<&ObjectRef> = objects.iter().collect();
        loop {
            let looked = in_parallel(left, |object| async move { self.get(object).await.map(|live| (object, live)) });
            let mut pending = Vec::new();
            for found in looked.await {
                if let (object, Some(live)) = found? {
                    pending.push((object, deletion_state(&live)));
                }
            }
            if pending.is_empty() {
                return Ok(());
            }
            narrator.tell(objects.len() - pending.len(), objects.len(), &pending);
            if !pace.next().await {
                let states: Vec<String> = pending.iter().map(|(object, state)| format!("{object} {state}")).collect();
                let what = format!("{} to be deleted", if pending.len() == 1 { "an object" } else { "objects" });
                return Err(Error::Timeout { what, state: states.join(", "), after: timeout });
            }
            left = pending.into_iter().map(|(object, _)| object).collect();
        }
    }

    /// Follows a Job to its end, passing its pods' log lines to [`Observer::log_line`], and returns the log of the pod
    /// that started last.
    ///
    /// # Errors
    /// [`Error::Failed`] with the end of the log, or [`Error::Timeout`].
    pub async fn wait_job(&self, job: &ObjectRef, timeout: Duration, observer: &dyn Observer) -> Result<String, Error> {
        let mut narrator = Narrator::new(observer);
        let mut pace = Pace::new(timeout);
        let mut followed = HashSet::new();
        let mut log = (String::new(), String::new());
        loop {
            let state = self.state(self.get(job).await?.as_ref(), Goal::HookDone);
            let mut pods = self.pods_of(job).await;
            pods.sort_by_key(|pod| pod["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned());
            for pod in &pods {
                let follow = self.follow_pod(pod, &mut followed, &mut log, observer);
                // A container that runs on past the timeout must not keep us.
                let _ = tokio::time::timeout(pace.left(), follow).await;
            }
            match state {
                Readiness::Ready => return Ok(log.1),
                Readiness::Failed(state) => {
                    let state = state + &self.troubles(job).await;
                    return Err(Error::Failed { what: job.to_string(), state });
                }
                Readiness::Progressing(state) => {
                    let pending = [(job, state)];
                    narrator.ask_pods(self, &pending).await;
                    narrator.tell(0, 1, &pending);
                    if !pace.next().await {
                        return Err(self.timed_out(&pending, timeout).await);
                    }
                }
            }
        }
    }

    /// Follows the containers of a pod that have started and were not followed yet, one after the other.
    async fn follow_pod(
        &self,
        pod: &Json,
        followed: &mut HashSet<(String, String)>,
        log: &mut (String, String),
        observer: &dyn Observer,
    ) {
        let name = ObjectRef::of(pod);
        let namespace = name.namespace.clone().unwrap_or_default();
        let lists = ["initContainerStatuses", "containerStatuses"];
        let statuses = lists.into_iter().flat_map(|key| pod["status"][key].as_array().into_iter().flatten());
        for status in statuses.filter(|status| !status["state"]["waiting"].is_object() && status["state"].is_object()) {
            let container = status["name"].as_str().unwrap_or_default().to_owned();
            if !followed.insert((name.name.clone(), container.clone())) {
                continue;
            }
            if log.0 != name.name {
                *log = (name.name.clone(), String::new());
            }
            let options = LogOptions { container: Some(container), ..Default::default() };
            let kept = &mut log.1;
            let source = name.to_string();
            let line = |line: &str| {
                observer.log_line(&source, line);
                if kept.len() < KEPT_LOG {
                    kept.push_str(line);
                    kept.push('\n');
                }
            };
            if let Err(error) = self.follow_logs(&namespace, &name.name, &options, line).await {
                tracing::debug!(%error, pod = %name, "cannot follow the log");
            }
        }
    }
}

fn deletion_state(live: &Json) -> String {
    if live["metadata"]["deletionTimestamp"].is_null() {
        return "is still there".into();
    }
    let finalizers = live["metadata"]["finalizers"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let finalizers: Vec<&str> = finalizers.collect();
    if finalizers.is_empty() {
        "is being deleted".into()
    } else {
        format!("is being deleted, held by {}", finalizers.join(", "))
    }
}

/// Looks again and again (every 100 ms at first, later every second) until `look` finds what is waited for.
///
/// # Errors
/// [`Error::Timeout`] with the last state, or `look`'s own error.
pub async fn wait_until<T, F>(
    what: &str,
    timeout: Duration,
    observer: &dyn Observer,
    mut look: impl FnMut() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<Step<T>, Error>>,
{
    let mut narrator = Narrator::new(observer);
    let mut pace = Pace::new(timeout);
    loop {
        match look().await? {
            Step::Done(found) => return Ok(found),
            Step::Pending(state) => {
                narrator.tell(0, 1, &[(what, state.clone())]);
                if !pace.next().await {
                    return Err(Error::Timeout { what: what.to_owned(), state, after: timeout });
                }
            }
        }
    }
}

/// When to look again.
struct Pace {
    deadline: Instant,
    pause: Duration,
}

impl Pace {
    fn new(timeout: Duration) -> Self {
        let now = Instant::now();
        // A timeout beyond what the clock can hold is none.
        let deadline = now.checked_add(timeout).unwrap_or(now + Duration::from_secs(10 * 365 * 24 * 3600));
        Self { deadline, pause: Duration::from_millis(100) }
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Sleeps until it is time to look again; `false` when the time is up.
    async fn next(&mut self) -> bool {
        let left = self.left();
        if left.is_zero() {
            return false;
        }
        tokio::time::sleep(self.pause.min(left)).await;
        self.pause = self.pause.mul_f64(1.4).min(Duration::from_secs(1));
        true
    }
}

/// Tells the observer what is waited for, when there is something new to tell.
struct Narrator<'a> {
    observer: &'a dyn Observer,
    started: Instant,
    since: HashMap<String, (String, Instant)>,
    told: Option<(Instant, Vec<String>)>,
    asked: Instant,
    troubles: HashMap<String, String>,
}

impl<'a> Narrator<'a> {
    fn new(observer: &'a dyn Observer) -> Self {
        let now = Instant::now();
        Self { observer, started: now, since: HashMap::new(), told: None, asked: now, troubles: HashMap::new() }
    }

    /// Asks the pods of what takes long what keeps them.
    async fn ask_pods(&mut self, cluster: &Cluster, pending: &[(&ObjectRef, String)]) {
        if self.asked.elapsed() < ASK_PODS {
            return;
        }
        self.asked = Instant::now();
        self.troubles.clear();
        for (object, _) in pending.iter().take(4) {
            if let Some(trouble) = cluster.brief_trouble(object).await {
                self.troubles.insert(object.to_string(), trouble);
            }
        }
    }

    fn tell(&mut self, done: usize, total: usize, pending: &[(impl std::fmt::Display, String)]) {
        let now = Instant::now();
        let mut waiting = Vec::new();
        for (what, state) in pending {
            let what = what.to_string();
            let (known, since) = self.since.entry(what.clone()).or_insert_with(|| (state.clone(), now));
            if known != state {
                known.clone_from(state);
                *since = now;
            }
            let since = now - *since;
            let state = match self.troubles.get(&what) {
                Some(trouble) => format!("{state}; {trouble}"),
                None => state.clone(),
            };
            waiting.push(Waiting { what, state, since });
        }
        if self.started.elapsed() < QUIET {
            return;
        }
        let words: Vec<String> = waiting.iter().map(|one| format!("{} {}", one.what, one.state)).collect();
        let news = self.told.as_ref().is_none_or(|(when, told)| *told != words || when.elapsed() > REPEAT);
        if news {
            self.observer.waiting(done, total, &waiting);
            self.told = Some((now, words));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<Vec<Waiting>>>);

    impl Observer for Heard {
        fn waiting(&self, _done: usize, _total: usize, waiting: &[Waiting]) {
            self.0.lock().unwrap().push(waiting.to_vec());
        }
    }

    #[tokio::test]
    async fn a_wait_ends_with_what_it_found_or_with_the_last_state() {
        let mut looks = 0;
        let found = wait_until("x", Duration::from_secs(60), &Silent, || {
            looks += 1;
            let step = if looks == 3 { Step::Done(looks) } else { Step::Pending("no".into()) };
            async move { Ok(step) }
        });
        assert_eq!(found.await.unwrap(), 3);
        let error = wait_until("the moon", Duration::from_millis(150), &Silent, || async {
            Ok(Step::<()>::Pending("dark".into()))
        });
        assert_eq!(error.await.unwrap_err().to_string(), "timed out after 0 s waiting for the moon: dark");
    }

    #[test]
    fn the_same_state_is_told_once_and_keeps_its_time() {
        let heard = Heard::default();
        let mut narrator = Narrator::new(&heard);
        narrator.tell(0, 1, &[("a", "x".to_owned())]);
        assert!(heard.0.lock().unwrap().is_empty(), "nothing is said at first");
        narrator.started -= QUIET;
        for state in ["x", "x", "y"] {
            narrator.tell(0, 1, &[("a", state.to_owned())]);
        }
        let heard = heard.0.into_inner().unwrap();
        let states: Vec<&str> = heard.iter().map(|waiting| waiting[0].state.as_str()).collect();
        assert_eq!(states, ["x", "y"]);
    }

    #[test]
    fn finalizers_are_named() {
        let live =
            serde_json::json!({"metadata": {"deletionTimestamp": "x", "finalizers": ["kubernetes.io/pvc-protection"]}});
        assert_eq!(deletion_state(&live), "is being deleted, held by kubernetes.io/pvc-protection");
    }
}
