//! Heavy work, of which only so much is done at the same time.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::portal::problem::Problem;

/// Room for so many pieces of work; others wait.
pub(crate) struct Room(Semaphore);

/// A place in a room.
pub(crate) struct Place(SemaphorePermit<'static>);

impl Room {
    pub(crate) const fn of(places: usize) -> Self {
        Self(Semaphore::const_new(places))
    }

    /// Waits for a place.
    pub(crate) async fn enter(&'static self) -> Result<Place, Problem> {
        self.0.acquire().await.map(Place).map_err(|_| Problem::internal())
    }
}

impl Place {
    /// Does the work, away from the threads that answer. It holds the place until it is done, even when nobody waits for it any more.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let Self(permit) = self;
        let work = move || {
            let _held = permit;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Problem::internal())?
    }
}
