//! What a claim is about: it must be seen, or the claim was not tried.

/// Something that a step showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Sight {
    Counted,
    LateCounted,
    FailedProbe,
    LateFailedProbe,
    Released,
    Probed,
    Filled,
    Renewed,
    HalfOpened,
    Tripped,
    Reopened,
    Closed,
    Recovering,
    Ramped,
    RampAdmitted,
    Reset,
    ForcedOpen,
    Disabled,
    HelperSetLow,
    HelperSetHigh,
    HelperRounded,
    MakerSetHighForHelper,
    SwapLost,
    RefusedOpen,
    RefusedFull,
    RefusedRecovering,
    RefusedForced,
    LookedAgainInVain,
    CameTooLate,
    SawWait,
    /// An outcome was written to a window.
    Recorded,
    /// One too late, where nobody looks any more.
    RecordedInVain,
    /// A success that a clean window did not need.
    CleanSuccess,
    WindowStarted,
    WindowAdvanced,
    WindowFull,
    WindowCleaned,
    WindowSoiled,
    WindowCleared,
    WindowPrepared,
    HandMoved,
    /// The hand began a version.
    HandAway,
    /// The era followed it, moved by the same caller.
    VersionBegun,
    /// The era followed it, moved by another.
    VersionFollowed,
    /// So many versions had begun that this was not followed.
    VersionsEnded,
    RingSwept,
    /// An outcome was counted in a newer bucket than its clock reading's.
    RecordedOld,
    /// An outcome was not counted in a full bucket.
    FullBucket,
    /// Who judged a window found that it had moved on.
    JudgedAgain,
    /// A breaker was opened by another than who wrote the decisive outcome.
    TrippedForAnother,
    /// A success completed the minimum, and the breaker was opened for that.
    TrippedBySuccess,
    /// An observer read a window while others wrote.
    SawCounts,
    /// A limit that another set of rules had made smaller was met.
    OverLimit,
}

impl Sight {
    /// Its bit, if it is on.
    pub const fn when(self, on: bool) -> u64 {
        (on as u64) << self as u8
    }

    pub const fn bit(self) -> u64 {
        self.when(true)
    }
}
