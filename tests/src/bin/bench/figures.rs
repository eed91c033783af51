//! The figures of one function: what was measured, one value a process or rotation.

use std::fs;
use std::path::Path;
use std::time::Duration;

use secrets_manager_local::Invocation;
use serde::{Deserialize, Serialize};
use staging_labels::Step;

use super::Anything;
use super::scene::Scene;

/// Rotations by each process, the first included.
pub(crate) const ROTATIONS: usize = 4;

/// One line of a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) unit: String,
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

/// All lines of one function.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) function: String,
    /// What is special about it, where a function has several tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) case: Option<String>,
    pub(crate) rows: Vec<Row>,
}

impl Row {
    /// None if there are no values.
    pub(crate) fn of(name: &str, unit: &str, values: &[f64]) -> Option<Self> {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        Some(Self {
            name: name.to_owned(),
            unit: unit.to_owned(),
            median: *values.get(values.len() / 2)?,
            least: *values.first()?,
            most: *values.last()?,
        })
    }
}

/// The values of one function so far.
#[derive(Default)]
pub(crate) struct Figures {
    init: Vec<f64>,
    first: Vec<f64>,
    warm: Vec<f64>,
    steps: [Vec<f64>; 4],
    memory: Vec<f64>,
    /// Of Secrets Manager, in a warm rotation.
    calls: Vec<f64>,
    /// Processor time of the first rotations, init included, and of the warm ones.
    first_busy: Vec<f64>,
    warm_busy: Vec<f64>,
    /// Of the process so far.
    busy: f64,
}

impl Figures {
    /// A process, from its start through some rotations.
    pub(crate) async fn add_process(&mut self, scene: &Scene) -> Anything<()> {
        scene.cool_down().await;
        for rotation in 0..ROTATIONS {
            scene.count_calls();
            self.add(rotation == 0, &scene.rotate().await?);
            if rotation > 0 {
                self.calls.push(f64::from(u32::try_from(scene.count_calls())?));
            }
        }
        Ok(())
    }

    fn add(&mut self, cold: bool, invocations: &[Invocation]) {
        let init: Duration = invocations.iter().filter_map(|invocation| invocation.init).sum();
        let total: Duration = invocations.iter().map(|invocation| invocation.duration).sum();
        if cold {
            self.init.push(milliseconds(init));
            self.first.push(milliseconds(total));
        } else {
            self.warm.push(milliseconds(total));
            for (step, invocation) in self.steps.iter_mut().zip(invocations) {
                step.push(milliseconds(invocation.duration));
            }
        }
        self.add_busy(cold, invocations);
        let peak = invocations
            .iter()
            .filter_map(|invocation| invocation.peak_memory_kib)
            .max();
        self.memory
            .extend(peak.map(|kib| f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0));
    }

    fn add_busy(&mut self, cold: bool, invocations: &[Invocation]) {
        let so_far = invocations.last().and_then(|last| last.processor_time);
        let Some(so_far) = so_far.map(milliseconds) else {
            return;
        };
        if cold {
            self.first_busy.push(so_far);
        } else {
            self.warm_busy.push(so_far - self.busy);
        }
        self.busy = so_far;
    }

    pub(crate) fn table(&self, function: &str) -> Table {
        let steps = Step::ALL.into_iter().zip(&self.steps);
        let steps = steps.map(|(step, times)| Row::of(&format!("warm {step}"), "ms", times));
        let rows = [
            Row::of("init", "ms", &self.init),
            Row::of("init and first rotation", "ms", &self.first),
            Row::of("init and first rotation, processor", "ms", &self.first_busy),
            Row::of("warm rotation", "ms", &self.warm),
            Row::of("warm rotation, processor", "ms", &self.warm_busy),
            Row::of("peak memory", "MiB", &self.memory),
            Row::of("calls of Secrets Manager", "calls", &self.calls),
        ];
        Table {
            function: function.to_owned(),
            case: None,
            rows: rows.into_iter().chain(steps).flatten().collect(),
        }
    }
}

/// The sizes of a program, and of the zip file of the last `make build`.
pub(crate) fn sizes(function: &str, program: &Path) -> Vec<Row> {
    let zip = program
        .with_file_name("../lambda")
        .join(function)
        .join("bootstrap.zip");
    let size = |name: &str, file: &Path| {
        let bytes = u32::try_from(fs::metadata(file).ok()?.len()).ok()?;
        Row::of(name, "MB", &[f64::from(bytes) / 1e6])
    };
    [
        size("binary", program),
        size("zip (of the last make build)", &zip),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
