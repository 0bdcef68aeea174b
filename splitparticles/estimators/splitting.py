"""Regressor and classifier by networks that grow.

A network begins with one neuron, trains, grows by a split or an insertion, whichever
lowers the loss more, and trains again.  Its size is the one with the least loss on
validation rows.
"""

from contextlib import closing

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, StandardScaler
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from .._validation import as_count, as_flag, as_nonnegative, check_fields
from ..descent.descend import rounds
from ..growth import BestOf, Insertion, SteepestSplit
from ..moves import LBFGS
from ..networks.activations import Tanh
from ..networks.losses import Logistic, Softmax, Squared
from ..networks.network import Network
from ..particles import ParticleSet
from .random_state import generator_of

SCATTERED = 64  # random neurons among which the first one is chosen

FEWEST_ROWS = 10  # with fewer, no rows are held back


class _Splitting(BaseEstimator):
    """Growth and validation, for regression and classification."""

    def __init__(
        self,
        n_neurons=32,
        *,
        activation=None,
        growth=None,
        move=None,
        decay=1e-4,
        validation_fraction=0.2,
        patience=4,
        random_state=None,
        progress=False,
    ):
        self.n_neurons = n_neurons
        self.activation = activation
        self.growth = growth
        self.move = move
        self.decay = decay
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.random_state = random_state
        self.progress = progress

    def _grow(self, X, outputs, loss, classes=None):
        """Grow on the training rows, and keep the size of least validation loss."""
        check_fields(
            self,
            n_neurons=as_count,
            decay=as_nonnegative,
            validation_fraction=as_nonnegative,
            patience=as_count,
            progress=as_flag,
        )
        if self.validation_fraction >= 1.0:
            raise ValueError(
                f"validation_fraction must be below 1, got {self.validation_fraction}"
            )
        rng = generator_of(self.random_state)
        self.scaler_ = StandardScaler().fit(X)
        x = self.scaler_.transform(X)
        activation = Tanh() if self.activation is None else self.activation
        network = Network(activation, loss, x, outputs, decay=self.decay)
        rows = self._parts(len(x), classes, rng)
        train, validation = (network.of_rows(part) for part in rows)
        growth, move = self.growth, self.move
        if growth is None:
            growth = BestOf(SteepestSplit(fraction=1e-9), Insertion())
        if move is None:
            move = LBFGS(max_iter=100, tol=1e-6)
        run = rounds(
            train,
            _first(train, rng),
            n_particles=self.n_neurons,
            move=move,
            growth=growth,
            rng=rng,
            progress=self.progress,
        )
        least, waited = np.inf, 0
        self.neurons_, self.validation_losses_ = None, []
        with closing(run):
            for state in run:
                validation_loss = validation.mean_loss(state.particles)
                self.validation_losses_.append(validation_loss)
                waited += 1
                if validation_loss < least:
                    least, waited, self.neurons_ = validation_loss, 0, state.particles
                if waited == self.patience:
                    break
        self.network_ = network
        self.n_neurons_ = len(self.neurons_)
        self.n_iter_ = len(self.validation_losses_)
        return self

    def _parts(self, many, classes, rng):
        """Training and validation rows; both are all rows where there are few."""
        rows = np.arange(many)
        if many < FEWEST_ROWS or not self.validation_fraction:
            return rows, rows
        seed = int(rng.integers(2**31))
        size = self.validation_fraction
        if classes is not None:
            smallest = np.bincount(classes).min()
            # scikit-learn cannot stratify these
            if smallest < 2 or size * many < classes.max() + 1:
                classes = None
        return train_test_split(
            rows, test_size=size, random_state=seed, stratify=classes
        )

    def _outputs(self, X):
        """Outputs of the network at rows of X."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        return self.network_.predict(self.neurons_, self.scaler_.transform(X))


def _first(network, rng):
    """One neuron: of random ones the one that gains most, of the best size."""
    empty = ParticleSet(np.zeros((1, network.dim)), [0.0])
    proposals = network.proposals(empty, SCATTERED, rng)
    neuron = proposals[int(np.argmin(network.promise(empty, proposals)))]
    particles = network.newcomer(empty, neuron).of_share(1.0)
    return ParticleSet(particles.positions[1:], [1.0])


class SplittingRegressor(RegressorMixin, _Splitting):
    """Regression by a network that grows by splitting.

    Parameters
    ----------
    n_neurons : int
        Largest number of neurons.
    activation : activation tuple or sequence of them, optional
        Default: `splitparticles.networks.activations.Tanh`.
    growth : Growth, optional
        Default: a steepest split or an insertion, whichever lowers the loss more, one
        neuron a round.
    move : Move, optional
        Default: a hundred steps of `LBFGS` a round.
    decay : float
        Weight decay.
    validation_fraction : float
        Fraction of the rows that are held back to choose the size.  With 0, or fewer
        than ten rows, the training loss chooses it.
    patience : int
        Rounds without a lower validation loss after which the growth ends.
    random_state : int, numpy.random.RandomState or None
    progress : bool
        Show on stderr how far the growth has come, as `splitparticles.descend` does.

    Attributes
    ----------
    neurons_ : ParticleSet
        The network's neurons, in standardised inputs.
    n_neurons_ : int
    validation_losses_ : list of float
        One a round.

    Examples
    --------
    >>> import numpy as np
    >>> from splitparticles.estimators import SplittingRegressor
    >>> x = np.linspace(-2.0, 2.0, 50)[:, None]
    >>> y = np.abs(x[:, 0])
    >>> fitted = SplittingRegressor(4, random_state=0).fit(x, y)
    >>> bool(fitted.score(x, y) > 0.99), fitted.n_neurons_ <= 4
    (True, True)
    """

    def __sklearn_tags__(self):
        """Tags of scikit-learn: several outputs are allowed."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X, y):
        """Fit to inputs (N, p) and numbers (N,) or (N, k)."""
        X, y = validate_data(
            self, X, y, dtype=np.float64, multi_output=True, y_numeric=True
        )
        y = np.asarray(y, dtype=float)
        self.y_scaler_ = StandardScaler().fit(y.reshape(len(y), -1))
        self._shape = y.shape[1:]
        scaled = self.y_scaler_.transform(y.reshape(len(y), -1))
        return self._grow(X, scaled, Squared())

    def predict(self, X):
        """Predictions, (N,) or (N, k) as y was."""
        f = self._outputs(X)
        f = self.y_scaler_.inverse_transform(f.reshape(len(f), -1))
        return f.reshape((len(f), *self._shape))


class SplittingClassifier(ClassifierMixin, _Splitting):
    """Classification by a network that grows by splitting.

    Two classes take a logistic loss of one output, k classes a softmax of k outputs.
    Parameters and attributes are those of `SplittingRegressor`, and ``classes_``.

    Examples
    --------
    >>> import numpy as np
    >>> from splitparticles.estimators import SplittingClassifier
    >>> x = np.random.default_rng(0).normal(size=(100, 2))
    >>> inside = (x**2).sum(axis=1) < 1.0
    >>> fitted = SplittingClassifier(4, random_state=0).fit(x, inside)
    >>> bool(fitted.score(x, inside) > 0.95)
    True
    """

    def fit(self, X, y):
        """Fit to inputs (N, p) and labels (N,)."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        encoder = LabelEncoder().fit(y)
        self.classes_, labels = encoder.classes_, encoder.transform(y)
        if len(self.classes_) < 2:
            raise ValueError(
                "Classifier can't train when only one class is present, "
                f"got {self.classes_}"
            )
        loss = Logistic() if len(self.classes_) == 2 else Softmax()
        return self._grow(X, labels, loss, labels)

    def decision_function(self, X):
        """Log odds (N,), or scores of the classes (N, k)."""
        return self._outputs(X)

    def predict_proba(self, X):
        """Probabilities of the classes, (N, k)."""
        f = self._outputs(X)
        if f.ndim == 1:
            f = np.column_stack([np.zeros(len(f)), f])
        return softmax(f, axis=1)

    def predict(self, X):
        """Likeliest classes, (N,)."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return self.classes_[likeliest]
