"""Regressor and classifier by networks that grow.

A network begins with one neuron, trains, grows by a split or an insertion, whichever
lowers the loss more, and trains again.  Rows held back choose its decay and size.
"""

from functools import partial

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.preprocessing import LabelEncoder, StandardScaler
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from .._validation import as_count, as_flag, as_nonnegative, as_optional, check_fields
from ..descent.descend import rounds
from ..growth import BestOf, Insertion, SteepestSplit
from ..moves import LBFGS
from ..networks.activations import ReLU, Tanh
from ..networks.losses import Logistic, Softmax, Squared
from ..networks.network import Network
from ..particles import ParticleSet
from .held_rows import chosen_stage, decayed, decays, parts_of, sized
from .random_state import generator_of

SCATTERED = 64  # random neurons among which the first one is chosen

STEPS = 30  # of L-BFGS a round; the next one goes on

STEPS_OF_A_SEARCH = 12  # for a new neuron, which is trained anyway

TRIALS = 3  # steps tried along each direction of a split

UNJUDGED = 0.01  # decay where no rows are held back


class _Splitting(BaseEstimator):
    """Growth and choice, for regression and classification."""

    def __init__(
        self,
        n_neurons=32,
        *,
        activation=None,
        growth=None,
        move=None,
        decay=None,
        validation_fraction=0.2,
        patience=1,
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

    def _grow(self, X, outputs, loss, classes=None, base=0.0):
        """Grow networks without a part of the rows each, and keep the best stage."""
        check_fields(
            self,
            n_neurons=as_count,
            decay=partial(as_optional, as_nonnegative),
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
        self.network_ = self._network(x, outputs, loss, base)
        parts = parts_of(len(x), self.validation_fraction, classes, rng)
        chooses_decay = self.decay is None and len(parts) > 1
        along = decayed if chooses_decay else sized
        paths = [
            self._path(along, self.network_.of_rows(part.train), rng, shown=k == 0)
            for k, part in enumerate(parts)
        ]
        held = [self.network_.of_rows(part.held) for part in parts]
        choice = chosen_stage(paths, held, self.patience)
        self._base = choice.scale * base
        self.neurons_, self.validation_losses_ = choice.neurons, choice.losses
        self.decay_ = self.network_.decay
        if chooses_decay:
            self.decay_ = float(decays()[choice.stage])
        self.n_neurons_ = max(map(len, choice.members))
        self.n_iter_ = len(choice.losses)
        return self

    def _network(self, x, outputs, loss, base):
        """Network on all rows."""
        activation = [ReLU(), Tanh()] if self.activation is None else self.activation
        network = Network(
            activation,
            loss,
            x,
            outputs,
            decay=UNJUDGED if self.decay is None else self.decay,
        )
        network.offset = network.offset + base
        return network

    def _path(self, along, network, rng, *, shown):
        """Neurons of one network, stage by stage."""
        growth, move = self.growth, self.move
        if growth is None:
            split = SteepestSplit(fraction=1e-9, trials=TRIALS)
            growth = BestOf(split, Insertion(steps=STEPS_OF_A_SEARCH))
        if move is None:
            move = LBFGS(max_iter=STEPS, tol=1e-6)
        rng = rng.spawn(1)[0]
        grow = partial(
            rounds,
            n_particles=self.n_neurons,
            move=move,
            growth=growth,
            rng=rng,
            progress=self.progress and shown,
        )
        return along(network, _first(network, rng), grow)

    def _outputs(self, X):
        """Outputs of the mean network at rows of X."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        x = self.scaler_.transform(X)
        return self.network_.predict(self.neurons_, x) + self._base


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
        Largest number of neurons of a network.
    activation : activation tuple or sequence of them, optional
        Default: `splitparticles.networks.activations.ReLU` and ``Tanh``; the growth
        takes whichever neuron gains more.
    growth : Growth, optional
        Default: a steepest split or an insertion, whichever lowers the loss more, one
        neuron a round.
    move : Move, optional
        Default: thirty steps of `LBFGS` a round.
    decay : float, optional
        Weight decay.  When left out, rows held back choose it; the size follows.
        Otherwise they choose the size.
    validation_fraction : float
        Fraction of the rows held back from each network: of 0.2, five networks are
        trained, and each row is held back from one.  With 0, or fewer than ten rows,
        there is one network on all rows, of a decay of 0.01 when left out, and the
        training loss chooses its size.
    patience : int
        Stages (decays or sizes) of a validation loss clearly above the least, by 2 %,
        after which the growth ends.
    random_state : int, numpy.random.RandomState or None
    progress : bool
        Show on stderr how far the first network has come, as `splitparticles.descend`
        does.

    Attributes
    ----------
    neurons_ : ParticleSet
        Neurons of the mean of the networks, in standardised inputs.
    n_neurons_ : int
        Neurons of the largest network.
    decay_ : float
    validation_losses_ : list of float
        Mean losses of rows held back, one a stage.

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
        base = np.log(np.bincount(labels) / len(labels))
        if len(self.classes_) == 2:
            return self._grow(X, labels, Logistic(), labels, base[1] - base[0])
        return self._grow(X, labels, Softmax(), labels, base)

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
