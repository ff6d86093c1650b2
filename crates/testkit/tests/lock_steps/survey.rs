//! Explores many runs at once, on both cores, and says what they broke.

use std::sync::{Mutex, PoisonError};

use statelock_testkit::explorer::promise::Promise;
use statelock_testkit::explorer::search::{Until, explore};
use statelock_testkit::explorer::steps::run::Run;

/// What many runs came to.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    runs: usize,
    states: usize,
    transitions: usize,
    breaches: Vec<(Promise, String)>,
}

impl Survey {
    /// Explores every run.
    pub(crate) fn of(what: &str, runs: &[Run]) -> Self {
        let (next, survey) = (Mutex::new(runs.iter()), Mutex::new(Self::default()));
        let worker = || {
            loop {
                let Some(run) = lock(&next).next() else { break };
                let found = explore(run, Until::Exhausted);
                let mut survey = lock(&survey);
                survey.runs += 1;
                survey.states += found.states;
                survey.transitions += found.transitions;
                for (promise, example) in found.breaches {
                    survey.breaches.push((promise, format!("{:?}\n{example}", run.programs)));
                }
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(worker);
            worker();
        });
        let survey = survey.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Self { runs, states, transitions, .. } = &survey;
        println!("{what}: {runs} runs, {states} states, {transitions} transitions");
        survey
    }

    /// That no history broke this.
    pub(crate) fn assert_kept(&self, promise: Promise) {
        let broken = self.breaches.iter().filter(|(broken, _)| *broken == promise);
        let told: Vec<_> = broken.map(|(_, told)| told.as_str()).collect();
        assert!(told.is_empty(), "{}", told.join("\n"));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
