//! The chart: both runs one above the other on the same axes, phases shaded, and the breaker's states as a band.

use core::time::Duration;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};
use watertight::State;

use crate::common::drawing::{
    self, BEFORE, BESIDE, BLUE, Canvas, DEAD, Drawn, HEIGHT, INK, Plot, RECOVERING, SIDES, SLOW, Svg,
    VERMILION, YELLOW, across, grid, heading, plot, seconds, text, tick,
};
use crate::common::grouped;
use crate::common::traffic::Plan;
use crate::figures::{Figures, Rates};
use crate::phases::{ATTEMPTS, Phase, TIMEOUT};
use crate::run::{Run, Runs};

/// Where the plots begin.
const TOPS: [i32; 2] = [162, 558];
/// Height of the band of states.
const BAND: i32 = 24;

/// Draws both runs.
pub fn svg(plan: &Plan, runs: &Runs) -> Svg {
    let title = "The same outage, the same traffic, two ways to retry";
    let traffic = format!(
        "{plan}. A call makes at most {ATTEMPTS} attempts, each given up after {} ms.",
        TIMEOUT.as_millis()
    );
    drawing::svg(950, title, &traffic, |canvas| {
        legend(canvas)?;
        let rates = [&runs.naive, &runs.watertight].map(|run| Rates::of(plan, run));
        let highest = rates.iter().map(Rates::highest).fold(plan.rate.into(), f64::max);
        let headings = [
            "Naive: three attempts, each right after the last",
            "Watertight: three attempts behind a circuit breaker, each later than the last",
        ];
        for (index, run) in [&runs.naive, &runs.watertight].into_iter().enumerate() {
            let top = TOPS[index];
            heading(canvas, top, headings[index], &verdict(plan, run))?;
            let plot = plot(canvas, plan, top, 0.0..highest);
            phases(&plot, plan, top)?;
            let step = tick(highest / 6.0);
            let marks = (0..7)
                .map(|mark| step * f64::from(mark))
                .take_while(|rate| *rate <= highest);
            let marks = marks.map(|rate| (rate, rate.to_string()));
            grid(canvas, &plot, plan, top, marks, "per second")?;
            curves(&plot, plan, &rates[index])?;
        }
        let bottom = TOPS[0] + HEIGHT;
        seconds(canvas, plan, bottom, bottom)?;
        let bottom = TOPS[1] + HEIGHT;
        band(canvas, plan, &runs.watertight, bottom + 6)?;
        seconds(canvas, plan, bottom, bottom + 6 + BAND)
    })
}

fn legend(canvas: &Canvas<'_>) -> Drawn {
    let y = 92;
    let key = |x: i32, words: &str| text(canvas, words, (x + 40, y), 16, &INK, BESIDE);
    let x = SIDES.0;
    canvas.draw(&PathElement::new(
        [(x, y), (x + 32, y)],
        VERMILION.stroke_width(3),
    ))?;
    key(x, "attempts that reach the service")?;
    let x = x + 290;
    canvas.draw(&Rectangle::new(
        [(x, y - 8), (x + 32, y + 8)],
        BLUE.mix(0.35).filled(),
    ))?;
    canvas.draw(&PathElement::new(
        [(x, y - 8), (x + 32, y - 8)],
        BLUE.stroke_width(2),
    ))?;
    key(x, "calls that succeed")?;
    let x = x + 200;
    for dash in [x, x + 10, x + 20] {
        canvas.draw(&PathElement::new([(dash, y), (dash + 6, y)], INK.stroke_width(2)))?;
    }
    key(x, "calls offered")?;
    let x = x + 140;
    key(x, "breaker:")?;
    for (x, state) in [
        (x + 92, State::Closed),
        (x + 184, State::HalfOpen),
        (x + 298, State::Open),
    ] {
        canvas.draw(&Rectangle::new(
            [(x + 16, y - 8), (x + 32, y + 8)],
            colours(state).0.filled(),
        ))?;
        key(x, &state.to_string())?;
    }
    Ok(())
}

/// What a run came to, in a line.
fn verdict(plan: &Plan, run: &Run) -> String {
    let figures = Figures::of(plan, run);
    let again = match figures.served_again {
        Some(Duration::ZERO) => "served again as soon as it was healthy".to_owned(),
        Some(after) => format!("served again {:.2} s after it was healthy", after.as_secs_f64()),
        None => "not served again within the run".to_owned(),
    };
    format!(
        "{} attempts reached the service while it was sick · {} of {} calls succeeded · {again}",
        grouped(figures.attempts_while_sick()),
        grouped(figures.succeeded),
        grouped(figures.offered)
    )
}

fn phases(plot: &Plot<'_>, plan: &Plan, top: i32) -> Drawn {
    for stage in Phase::ALL {
        let (colour, what) = match stage {
            Phase::Healthy | Phase::HealthyAgain => (WHITE, "all workers, full speed"),
            Phase::Slow => (SLOW, "ten times as slow"),
            Phase::Dead => (DEAD, "accepts, never answers"),
            Phase::Recovering => (RECOVERING, "workers come back"),
        };
        drawing::phase(plot, plan, top, plan.span(stage), colour, [stage.name(), what])?;
    }
    Ok(())
}

fn curves(plot: &Plot<'_>, plan: &Plan, rates: &Rates) -> Drawn {
    let length = plan.length().as_secs_f64();
    let succeeded = rates.outline(&rates.succeeded);
    let mut area = vec![(0.0, 0.0)];
    area.extend(&succeeded);
    area.push((length, 0.0));
    plot.draw(&Polygon::new(area, BLUE.mix(0.35)))?;
    plot.draw(&PathElement::new(succeeded, BLUE.stroke_width(2)))?;
    plot.draw(&PathElement::new(
        rates.outline(&rates.attempts),
        VERMILION.stroke_width(2),
    ))?;
    let offered = f64::from(plan.rate);
    for dash in 0..110 {
        let from = length * f64::from(dash) / 110.0;
        let dash = [(from, offered), (from + length / 165.0, offered)];
        plot.draw(&PathElement::new(dash, INK.stroke_width(2)))?;
    }
    Ok(())
}

/// The states of the breaker, one after the other.
fn band(canvas: &Canvas<'_>, plan: &Plan, run: &Run, top: i32) -> Drawn {
    let begins = run.events.iter().map(|event| (event.at, event.transition.to()));
    let states: Vec<_> = [(Duration::ZERO, State::Closed)]
        .into_iter()
        .chain(begins)
        .collect();
    let ends = states.iter().skip(1).map(|(at, _)| *at).chain([plan.length()]);
    for ((begin, state), end) in states.iter().zip(ends) {
        let (from, to) = (across(plan, *begin), across(plan, end));
        let (fill, ink) = colours(*state);
        // However short, it was there.
        canvas.draw(&Rectangle::new(
            [(from, top), (to.max(from + 1), top + BAND)],
            fill.filled(),
        ))?;
        let name = state.to_string();
        if to - from > 9 * name.len() as i32 {
            let middle = ((from + to) / 2, top + BAND / 2);
            text(canvas, &name, middle, 14, &ink, (HPos::Center, VPos::Center))?;
        }
    }
    text(canvas, "breaker", (SIDES.0 - 8, top + BAND / 2), 14, &INK, BEFORE)
}

/// A state's colour, light, medium and dark, and that of a word on it.
fn colours(state: State) -> (RGBColor, RGBColor) {
    match state {
        State::Closed => (RGBColor(178, 223, 208), INK),
        State::HalfOpen => (YELLOW, INK),
        _ => (RGBColor(68, 68, 84), WHITE),
    }
}
