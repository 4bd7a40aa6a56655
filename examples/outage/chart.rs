//! The chart: both runs one above the other on the same axes, phases shaded, and the breaker's states as a band.

use core::error::Error;
use core::time::Duration;

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use watertight::State;

use crate::figures::{Figures, Rates};
use crate::phases::{ATTEMPTS, Phase, Plan, TIMEOUT};
use crate::run::{Run, Runs};

const SIZE: (i32, i32) = (1200, 950);
/// Left and right edge of both plots, in pixels.
const SIDES: (i32, i32) = (84, 1176);
/// Height of a plot.
const HEIGHT: i32 = 310;
/// How much of it belongs to the names of the phases.
const NAMES: i32 = 50;
/// Where the plots begin.
const TOPS: [i32; 2] = [162, 558];
/// Height of the band of states.
const BAND: i32 = 24;

/// The palette of Okabe and Ito, which holds for every kind of colour vision.
const BLUE: RGBColor = RGBColor(0, 114, 178);
const VERMILION: RGBColor = RGBColor(213, 94, 0);
const YELLOW: RGBColor = RGBColor(240, 228, 66);
const INK: RGBColor = RGBColor(34, 34, 34);
const FAINT: RGBColor = RGBColor(96, 96, 96);

const LEFT: (HPos, VPos) = (HPos::Left, VPos::Bottom);

type Canvas<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Plot<'a> = DrawingArea<SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type Drawn = Result<(), Box<dyn Error>>;

/// Draws both runs.
pub fn svg(plan: &Plan, runs: &Runs) -> Result<String, Box<dyn Error>> {
    let mut svg = String::new();
    {
        let canvas = SVGBackend::with_string(&mut svg, (SIZE.0 as u32, SIZE.1 as u32)).into_drawing_area();
        canvas.fill(&WHITE)?;
        head(&canvas, plan)?;
        let rates = [&runs.naive, &runs.watertight].map(|run| Rates::of(plan, run));
        let highest = rates.iter().map(Rates::highest).fold(plan.rate.into(), f64::max);
        let headings = [
            "Naive: three attempts, each right after the last",
            "Watertight: three attempts behind a circuit breaker, each later than the last",
        ];
        for (index, run) in [&runs.naive, &runs.watertight].into_iter().enumerate() {
            let top = TOPS[index];
            text(&canvas, headings[index], (SIDES.0, top - 28), 20, &INK, LEFT)?;
            text(&canvas, &verdict(plan, run), (SIDES.0, top - 10), 16, &INK, LEFT)?;
            let plot = plot(&canvas, plan, top, highest);
            phases(&plot, plan, top)?;
            grid(&canvas, &plot, plan, highest)?;
            curves(&plot, plan, &rates[index])?;
        }
        let bottom = TOPS[0] + HEIGHT;
        seconds(&canvas, plan, bottom, bottom)?;
        let bottom = TOPS[1] + HEIGHT;
        band(&canvas, plan, &runs.watertight, bottom + 6)?;
        seconds(&canvas, plan, bottom, bottom + 6 + BAND)?;
        let middle = (SIDES.0 + SIDES.1) / 2;
        text(
            &canvas,
            "seconds from the start",
            (middle, SIZE.1 - 12),
            16,
            &INK,
            (HPos::Center, VPos::Bottom),
        )?;
        canvas.present()?;
    }
    Ok(svg)
}

/// Title and legend.
fn head(canvas: &Canvas<'_>, plan: &Plan) -> Drawn {
    text(
        canvas,
        "The same outage, the same traffic, two ways to retry",
        (SIDES.0, 40),
        28,
        &INK,
        LEFT,
    )?;
    let traffic = format!(
        "{} calls a second for {} s, seed {}. A call makes at most {ATTEMPTS} attempts, each given up after {} ms.",
        plan.rate,
        plan.seconds,
        plan.seed,
        TIMEOUT.as_millis()
    );
    text(canvas, &traffic, (SIDES.0, 64), 16, &FAINT, LEFT)?;

    let y = 92;
    let key = |x: i32, words: &str| text(canvas, words, (x + 40, y), 16, &INK, (HPos::Left, VPos::Center));
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

/// A plot in which `highest` reaches up to the names of the phases.
fn plot<'a>(canvas: &Canvas<'a>, plan: &Plan, top: i32, highest: f64) -> Plot<'a> {
    let edge = highest * f64::from(HEIGHT) / f64::from(HEIGHT - NAMES);
    // Rates run upwards and pixels downwards.
    let pixels = (SIDES.0..SIDES.1, top..top + HEIGHT);
    canvas.apply_coord_spec(Cartesian2d::new(
        0.0..plan.length().as_secs_f64(),
        edge..0.0,
        pixels,
    ))
}

fn phases(plot: &Plot<'_>, plan: &Plan, top: i32) -> Drawn {
    let canvas = plot.strip_coord_spec();
    for phase in Phase::ALL {
        let (colour, what) = match phase {
            Phase::Healthy | Phase::HealthyAgain => (WHITE, "all workers, full speed"),
            Phase::Slow => (RGBColor(250, 238, 214), "ten times as slow"),
            Phase::Dead => (RGBColor(224, 224, 226), "accepts, never answers"),
            Phase::Recovering => (RGBColor(226, 238, 248), "workers come back"),
        };
        let span = plan.span(phase);
        let (from, to) = (across(plan, span.start), across(plan, span.end));
        canvas.draw(&Rectangle::new(
            [(from, top), (to, top + HEIGHT)],
            colour.filled(),
        ))?;
        let middle = (from + to) / 2;
        text(
            &canvas,
            phase.name(),
            (middle, top + 6),
            16,
            &INK,
            (HPos::Center, VPos::Top),
        )?;
        text(
            &canvas,
            what,
            (middle, top + 26),
            13,
            &FAINT,
            (HPos::Center, VPos::Top),
        )?;
    }
    Ok(())
}

/// Lines across, and how many a second they stand for.
fn grid(canvas: &Canvas<'_>, plot: &Plot<'_>, plan: &Plan, highest: f64) -> Drawn {
    let step = tick(highest / 6.0);
    let (_, bottom) = plot.map_coordinate(&(0.0, 0.0));
    let mut rate = 0.0;
    while rate <= highest {
        let ends = [(0.0, rate), (plan.length().as_secs_f64(), rate)];
        plot.draw(&PathElement::new(
            ends,
            INK.mix(if rate == 0.0 { 1.0 } else { 0.12 }),
        ))?;
        let (x, y) = plot.map_coordinate(&(0.0, rate));
        text(
            canvas,
            &format!("{rate}"),
            (x - 8, y),
            14,
            &INK,
            (HPos::Right, VPos::Center),
        )?;
        rate += step;
    }
    let upwards = style(16, &INK, (HPos::Center, VPos::Top)).transform(FontTransform::Rotate270);
    canvas.draw(&Text::new("per second", (14, bottom - HEIGHT / 2), upwards))?;
    Ok(())
}

/// The axis of time: ticks below `bottom`, numbers below `free`.
fn seconds(canvas: &Canvas<'_>, plan: &Plan, bottom: i32, free: i32) -> Drawn {
    let step = tick(f64::from(plan.seconds) / 12.0).max(1.0) as usize;
    for second in (0..=plan.seconds).step_by(step) {
        let x = across(plan, Duration::from_secs(second.into()));
        canvas.draw(&PathElement::new([(x, bottom), (x, bottom + 5)], INK))?;
        text(
            canvas,
            &second.to_string(),
            (x, free + 9),
            14,
            &INK,
            (HPos::Center, VPos::Top),
        )?;
    }
    Ok(())
}

/// Where a time lies, in pixels.
fn across(plan: &Plan, at: Duration) -> i32 {
    let share = at.as_secs_f64() / plan.length().as_secs_f64();
    SIDES.0 + (share.min(1.0) * f64::from(SIDES.1 - SIDES.0)).round() as i32
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
    text(
        canvas,
        "breaker",
        (SIDES.0 - 8, top + BAND / 2),
        14,
        &INK,
        (HPos::Right, VPos::Center),
    )
}

/// A state's colour, light, medium and dark, and that of a word on it.
fn colours(state: State) -> (RGBColor, RGBColor) {
    match state {
        State::Closed => (RGBColor(178, 223, 208), INK),
        State::HalfOpen => (YELLOW, INK),
        _ => (RGBColor(68, 68, 84), WHITE),
    }
}

/// The next of 1, 2, 5, 10, 20, 50, ... that is not below.
fn tick(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|times| times * power)
        .find(|tick| *tick >= least)
        .unwrap_or(least)
}

/// `12,345`.
fn grouped(number: usize) -> String {
    if number < 1000 {
        return number.to_string();
    }
    format!("{},{:03}", grouped(number / 1000), number % 1000)
}

fn style(size: i32, colour: &RGBColor, (h, v): (HPos, VPos)) -> TextStyle<'_> {
    TextStyle::from(("sans-serif", size).into_font())
        .color(colour)
        .pos(Pos::new(h, v))
}

fn text(
    canvas: &Canvas<'_>,
    words: &str,
    at: (i32, i32),
    size: i32,
    colour: &RGBColor,
    pos: (HPos, VPos),
) -> Drawn {
    Ok(canvas.draw(&Text::new(words.to_owned(), at, style(size, colour, pos)))?)
}
