"""Models and loaders."""

import io

import numpy as np
import pytest
from deep_examples import F, deep, halves_of_all, torch
from PIL import Image

MODELS = {
    "mobilenet_v1": (deep.mobilenet_v1, (3, 32, 32), 6, 6),
    "mobilenet_v2": (deep.mobilenet_v2, (3, 32, 32), 8, 9),
    "vgg": (deep.vgg, (3, 32, 32), 6, 6),
    "ds_cnn": (deep.ds_cnn, (1, 49, 10), 5, 5),
}


@pytest.mark.parametrize("name", MODELS)
def test_models_of_any_width_can_grow(name):
    make, shape, many, sites = MODELS[name]
    for width in (4, list(range(5, 5 + many))):
        x, y = torch.randn(16, *shape), torch.arange(16) % 4
        net = deep.Network(make(width), F.cross_entropy, (x, y))
        assert len(net.widths) == sites
        if not isinstance(width, int):
            assert list(net.widths.values())[:many] == width
        deep.SGD(epochs=4, batch=8)(net, np.random.default_rng(0))
        grown = deep.Across(budget=0.3)(net, None, np.random.default_rng(0))
        after = grown.particles
        assert grown and net.macs < after.macs <= 1.3 * net.macs
        assert after.module.eval()(x).shape == net.module(x).shape
    with pytest.raises(ValueError, match="width"):
        make([4, 4])
    with pytest.raises((TypeError, ValueError), match="width"):
        make(0)


@pytest.mark.parametrize("name", MODELS)
def test_grown_widths_make_the_same_network_anew(name):
    make, shape, many, _ = MODELS[name]
    data = torch.randn(4, *shape), torch.arange(4)
    net = deep.Network(make(4), F.cross_entropy, data)
    splits = halves_of_all(net, *list(net.widths)[:8:2])
    grown, _ = net.split(splits, 0.1)
    widths = list(grown.widths.values())[:many]
    anew = deep.Network(make(widths), F.cross_entropy, (net.x, net.y))
    assert anew.macs == grown.macs and anew.parameters == grown.parameters
    anew.module.load_state_dict(grown.module.state_dict())
    assert anew.value == pytest.approx(grown.value, abs=1e-6)


# ------------------------------------------------------------------------- loaders
def jpeg(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, format="JPEG", quality=95)
    return np.frombuffer(file.getvalue(), dtype=np.uint8)


def plain(rng, n):
    """Images of one colour, (n, 32, 32, 3), which JPEG keeps."""
    return np.repeat(rng.integers(256, size=(n, 1, 1, 3)), 32, 1).repeat(32, 2)


@pytest.mark.parametrize("kind", ["binary", "jpeg"])
def test_cifar_is_read_and_standardised(kind, tmp_path):
    rng = np.random.default_rng(0)
    images = {"train": plain(rng, 12), "test": plain(rng, 5)}
    labels = {"train": np.arange(12) % 10, "test": np.arange(5)}
    if kind == "binary":
        path = tmp_path
        for part, names in (
            ("train", ["data_batch_1", "data_batch_2"]),
            ("test", ["test_batch"]),
        ):
            rows = images[part].transpose(0, 3, 1, 2).reshape(len(images[part]), -1)
            content = np.column_stack([labels[part], rows]).astype(np.uint8)
            for name, piece in zip(
                names, np.array_split(content, len(names)), strict=True
            ):
                piece.tofile(path / f"{name}.bin")
    else:
        path, arrays = tmp_path / "cifar.npz", {}
        for part in ("train", "test"):
            files = [jpeg(image.astype(np.uint8)) for image in images[part]]
            arrays[f"{part}_jpeg"] = np.concatenate(files)
            arrays[f"{part}_end"] = np.cumsum([len(file) for file in files])
            arrays[f"{part}_y"] = labels[part]
        np.savez(path, **arrays)
    data = deep.cifar10(path)
    assert data.x.shape == (12, 3, 32, 32) and data.test_x.shape == (5, 3, 32, 32)
    assert data.y.tolist() == labels["train"].tolist()
    pixels = images["train"].transpose(0, 3, 1, 2).astype(float)
    mean, sd = (f(pixels, axis=(0, 2, 3), keepdims=True) for f in (np.mean, np.std))
    far = np.abs(data.x.numpy() - (pixels - mean) / sd).max()
    assert far < (1e-5 if kind == "binary" else 0.1)
    some = deep.cifar10(path, rows=4, rng=0)
    assert len(some.y) == 4 and len(some.test_y) == 5
    assert torch.equal(some.y, deep.cifar10(path, rows=4, rng=0).y)


def test_files_that_are_not_cifar_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="data_batch_1"):
        deep.cifar10(tmp_path)
    (tmp_path / "data_batch_1.bin").write_bytes(b"123")
    with pytest.raises(ValueError, match="rows of 3073 bytes"):
        deep.cifar10(tmp_path)


def test_cepstra_are_cosine_sums_of_mel_bands(tmp_path):
    rng = np.random.default_rng(0)
    bands = rng.normal(size=(9, 7, 40))
    test = np.arange(9) % 3 == 0
    np.savez(tmp_path / "words.npz", x=bands, y=np.arange(9), test=test)
    data = deep.keywords(tmp_path / "words.npz")
    k, m = np.arange(10), np.arange(40)
    cosines = np.cos(np.pi * k[:, None] * (m + 0.5) / 40.0)
    cosines *= np.sqrt(np.where(k == 0, 1.0, 2.0) / 40.0)[:, None]
    cepstra = bands @ cosines.T
    mean, sd = (f(cepstra[~test], axis=(0, 1)) for f in (np.mean, np.std))
    wanted = ((cepstra - mean) / sd)[:, None]
    np.testing.assert_allclose(data.x, wanted[~test], atol=1e-5)
    np.testing.assert_allclose(data.test_x, wanted[test], atol=1e-5)
    assert data.test_y.tolist() == [0, 3, 6]


def test_a_folder_of_images_is_a_data_set(tmp_path):
    for label, (name, size) in enumerate(
        (("n01", (40, 30)), ("n02", (30, 60)), ("n03", (8, 8)))
    ):
        (tmp_path / name).mkdir()
        for k in range(2):
            colour = (80 * label, 100 * k, 0)
            Image.new("RGB", size, colour).save(tmp_path / name / f"{k}.png")
    (tmp_path / "n01" / "notes.txt").write_text("no image")
    images = deep.ImageFolder(tmp_path, size=16)
    assert len(images) == 6 and images.classes == ["n01", "n02", "n03"]
    x, y = images[3]
    assert x.shape == (3, 16, 16) and y == 1
    wanted = torch.tensor([80.0, 100.0, 0.0]) / 127.5 - 1.0
    torch.testing.assert_close(x, wanted[:, None, None].expand(3, 16, 16))
    net = deep.Network(deep.mobilenet_v1(2, classes=3), F.cross_entropy, images, rows=6)
    assert np.isfinite(deep.SGD(epochs=1, batch=2)(net, np.random.default_rng(0)).value)
    with pytest.raises(FileNotFoundError, match="no folder with an image"):
        deep.ImageFolder(tmp_path / "n01")


def test_the_middle_of_an_image_is_cut_out(tmp_path):
    (tmp_path / "a").mkdir()
    picture = np.zeros((64, 128, 3), dtype=np.uint8)
    picture[:, 48:80] = 255  # a bar in the middle
    Image.fromarray(picture).save(tmp_path / "a" / "bar.png")
    x, _ = deep.ImageFolder(tmp_path, size=56)[0]
    columns = x[0].mean(dim=0)
    assert torch.equal(columns > 0, columns.flip(0) > 0)
    assert (columns > 0).sum() == 32
