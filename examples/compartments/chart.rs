//! The chart: how long calls to each dependency took, one run above the other on the same axes, and below each how many of
//! them were answered.

use core::ops::Range;
use core::time::Duration;

use plotters::prelude::*;

use crate::common::drawing::{
    self, BEFORE, BESIDE, BLUE, Canvas, Drawn, GREEN, HEIGHT, INK, Plot, SIDES, SLOW, Svg, VERMILION, across,
    grid, heading, plot, seconds, text,
};
use crate::common::grouped;
use crate::common::traffic::Plan;
use crate::figures::Figures;
use crate::plan::{Dependency, PATIENCE, Phase};
use crate::run::{Run, Runs};

/// Where the plots begin.
const TOPS: [i32; 2] = [188, 650];
/// Height of a band of answers.
const BAND: i32 = 18;
/// What the axis of times shows, in milliseconds.
const MILLIS: Range<f64> = 1.0..1_000.0;

/// Draws both runs.
pub fn svg(plan: &Plan, runs: &Runs) -> Svg {
    let title = "One dependency of three becomes slow, with and without bulkheads";
    let traffic = format!(
        "{plan}; a, b and c take turns. Clients give up after {} ms.",
        PATIENCE.as_millis()
    );
    let headings = [
        format!("{} workers for whoever comes", plan.workers()),
        format!(
            "{} workers behind bulkheads, {} for each dependency",
            plan.workers(),
            plan.places()
        ),
    ];
    drawing::svg(1080, title, &traffic, |canvas| {
        legend(canvas)?;
        for (index, run) in [&runs.one_pool, &runs.compartments].into_iter().enumerate() {
            let top = TOPS[index];
            heading(canvas, top, &headings[index], &verdict(plan, run))?;
            let plot = plot(canvas, plan, top, height(MILLIS.start)..height(MILLIS.end));
            phases(&plot, plan, top)?;
            let marks = [1.0, 10.0, 100.0, 1_000.0].map(|millis: f64| (height(millis), millis.to_string()));
            grid(canvas, &plot, plan, top, marks, "milliseconds")?;
            curves(&plot, plan, run)?;
            bands(canvas, plan, run, top + HEIGHT + 6)?;
            let bottom = top + HEIGHT;
            seconds(
                canvas,
                plan,
                bottom,
                bottom + 6 + BAND * Dependency::ALL.len() as i32,
            )?;
        }
        Ok(())
    })
}

fn legend(canvas: &Canvas<'_>) -> Drawn {
    let y = 92;
    let mut x = SIDES.0;
    for dependency in Dependency::ALL {
        let colour = colour(dependency);
        canvas.draw(&PathElement::new([(x, y), (x + 32, y)], colour.stroke_width(3)))?;
        text(canvas, dependency.name(), (x + 40, y), 16, &INK, BESIDE)?;
        x += 70;
    }
    let key =
        "calls to it: the median, until the caller knew what had become of them; thin: the 99th percentile";
    text(canvas, key, (x, y), 16, &INK, BESIDE)?;
    let key = "Below: the share that was answered, from none (white) to all (full colour).";
    text(canvas, key, (SIDES.0, y + 24), 16, &INK, BESIDE)
}

/// What a run came to, in a line.
fn verdict(plan: &Plan, run: &Run) -> String {
    let slow = plan.span(Phase::Slow);
    let answered = Dependency::ALL.map(|dependency| {
        let figures = Figures::of(run, dependency, &slow);
        let (name, answered, offered) = (dependency.name(), figures.answered, figures.offered);
        format!("{name} {} of {}", grouped(answered), grouped(offered))
    });
    format!("answered while c is slow: {}", answered.join(" · "))
}

fn phases(plot: &Plot<'_>, plan: &Plan, top: i32) -> Drawn {
    for phase in Phase::ALL {
        let (colour, what) = match phase {
            Phase::Before | Phase::After => (WHITE, "20 ms each"),
            Phase::Slow => (SLOW, "c takes 2 s, a and b 20 ms"),
        };
        drawing::phase(plot, plan, top, plan.span(phase), colour, [phase.name(), what])?;
    }
    Ok(())
}

fn curves(plot: &Plot<'_>, plan: &Plan, run: &Run) -> Drawn {
    // What is slowest first, so that nothing hides behind it.
    for dependency in Dependency::ALL.into_iter().rev() {
        for (percentile, width) in [(1, 1), (0, 3)] {
            let points: Vec<_> = stretches(plan)
                .filter_map(|stretch| {
                    let latency = Figures::of(run, dependency, &stretch).latency[percentile]?;
                    let middle = (stretch.start + stretch.end) / 2;
                    let millis = (latency.as_secs_f64() * 1e3).max(MILLIS.start);
                    Some((middle.as_secs_f64(), height(millis)))
                })
                .collect();
            let colour = colour(dependency).stroke_width(width);
            plot.draw(&PathElement::new(points, colour))?;
        }
    }
    Ok(())
}

/// For each dependency how many were answered, from stretch to stretch.
fn bands(canvas: &Canvas<'_>, plan: &Plan, run: &Run, top: i32) -> Drawn {
    for (row, dependency) in (0..).zip(Dependency::ALL) {
        let top = top + row * BAND;
        for stretch in stretches(plan) {
            if let Some(share) = Figures::of(run, dependency, &stretch).share_answered() {
                let (from, to) = (across(plan, stretch.start), across(plan, stretch.end));
                let corners = [(from, top), (to, top + BAND - 3)];
                canvas.draw(&Rectangle::new(corners, colour(dependency).mix(share).filled()))?;
            }
        }
        let corners = [(SIDES.0, top), (SIDES.1, top + BAND - 3)];
        canvas.draw(&Rectangle::new(corners, INK.mix(0.3)))?;
        let name = (SIDES.0 - 8, top + BAND / 2 - 2);
        text(canvas, dependency.name(), name, 14, &INK, BEFORE)?;
    }
    Ok(())
}

/// Equal parts of the run, of ten calls to each dependency at least.
fn stretches(plan: &Plan) -> impl Iterator<Item = Range<Duration>> {
    let stretches = (plan.calls() / 30).clamp(1, 80);
    let length = plan.length();
    (0..stretches).map(move |stretch| length * stretch / stretches..length * (stretch + 1) / stretches)
}

/// Where so many milliseconds lie: each power of ten as high as the next.
fn height(millis: f64) -> f64 {
    millis.log10()
}

fn colour(dependency: Dependency) -> RGBColor {
    match dependency {
        Dependency::A => BLUE,
        Dependency::B => GREEN,
        Dependency::C => VERMILION,
    }
}
