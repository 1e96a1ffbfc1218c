"""How Sphinx builds the site: `make docs`, or `make docs ARGS="-D plot_gallery=0"`."""

import contextlib
import inspect
import os
import pkgutil
import re
import sys
import warnings
from pathlib import Path

from docutils import nodes
from numpydoc.xref import DEFAULT_LINKS

# The gallery looks up what its examples import, without running that line of theirs.
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sphinx.pycode import ModuleAnalyzer
from sphinx_gallery.sorting import ExplicitOrder

import amzest
from amzest.utils import DOCUMENTATION_URL

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))

from public_api import list_networks, own_members  # noqa: E402

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

project = "amzest"
author = "The amzest developers"
copyright = author
version = release = amzest.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "sphinx_design",
    "sphinx_copybutton",
    "myst_parser",
]
exclude_patterns = ["_build", "api/_*", "_templates", "inventories"]
exclude_patterns += ["auto_examples/*.ipynb"]
templates_path = ["_templates"]
default_role = "literal"
# A link that leads nowhere is a warning, and warnings end the build.
nitpicky = True

# --- The API reference -------------------------------------------------------------

# The networks are listed by themselves, in files that api/index.rst includes.
for kind in ("text", "image"):
    (HERE / "api" / f"_{kind}_networks.rst").write_text(list_networks(kind))
autosummary_generate = [
    str(HERE / "api" / f"{name}.rst")
    for name in ("index", "_text_networks", "_image_networks")
]
autosummary_generate_overwrite = True
autodoc_default_options = {"member-order": "bysource"}
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"  # the docstring is the authority for types and shapes
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"
numpydoc_xref_aliases = {
    **{name: name for name in DEFAULT_LINKS},  # int, str and the like: no link
    "BaseEstimator": "sklearn.base.BaseEstimator",
    "Bunch": "sklearn.utils.Bunch",
    "CategoryTree": "amzest.meta.CategoryTree",
    "CleaningReport": "amzest.datasets.CleaningReport",
    "ClassifierComparison": "amzest.evaluation.ClassifierComparison",
    "CrossFit": "amzest.ensemble.CrossFit",
    "DataFrame": "pandas.DataFrame",
    "Figure": "matplotlib.figure.Figure",
    "FusionReport": "amzest.evaluation.FusionReport",
    "PreparationReport": "amzest.datasets.PreparationReport",
    "RandomState": "numpy.random.RandomState",
    "Series": "pandas.Series",
    "ndarray": "numpy.ndarray",
    "skorch.NeuralNet": "skorch.net.NeuralNet",
}


def members_of(name):
    """Return the own methods and properties of a class, and those of scikit-learn."""
    cls = pkgutil.resolve_name(name)
    own, properties = own_members(cls)
    inherited = [
        method
        for method, member in inspect.getmembers(cls, callable)
        if not method.startswith("_")
        and str(getattr(member, "__module__", "")).startswith("sklearn.")
    ]
    return {"own": own, "properties": properties, "inherited": inherited}


def comment_of(name):
    """Return the comment above a constant in the module that defines it."""
    package, _, constant = name.rpartition(".")
    value = pkgutil.resolve_name(name)
    for module in [m for m in sys.modules if m.startswith(f"{package}._")]:
        if vars(sys.modules[module]).get(constant) is value:
            comments = ModuleAnalyzer.for_module(module).find_attr_docs()
            if ("", constant) in comments:
                return comments["", constant]
    raise LookupError(f"{name} has no comment that starts with '#:'.")


def document_constants(app, what, name, obj, options, lines):
    """Use comments as docstrings of constants, which autodoc does not find itself."""
    if what == "data":
        lines[:] = comment_of(name)


autosummary_context = {"members_of": members_of}
suppress_warnings = ["config.cache"]  # functions in the configuration are not kept

# --- Links to the documentation of other projects ----------------------------------

# Their inventories lie here, as plain text, so that the build needs no network. They
# hold the names that these pages link to; add a line where a link is missing.
intersphinx_mapping = {
    name: (address, f"inventories/{name}.txt")
    for name, address in {
        "matplotlib": "https://matplotlib.org/stable/",
        "numpy": "https://numpy.org/doc/stable/",
        "pandas": "https://pandas.pydata.org/docs/",
        "python": "https://docs.python.org/3/",
        "scikit-learn": "https://scikit-learn.org/stable/",
        "skorch": "https://skorch.readthedocs.io/en/stable/",
    }.items()
}

# --- The gallery ---------------------------------------------------------------------

SECTIONS = [
    "first_steps",
    "text",
    "images",
    "ensembles",
    "evaluation",
    "inspection",
    "data",
]
EXAMPLES = [
    "plot_quick_start.py",
    "plot_read_elsewhere.py",
    "plot_tune.py",
    "plot_pretrained_vectors.py",
    "plot_pretrained_encoder.py",
    "plot_column_transformer.py",
    "plot_pretrained_network.py",
    "plot_pretrained_weights.py",
    "plot_vote_weigh_stack.py",
    "plot_missing.py",
    "plot_compare_designs.py",
    "plot_review.py",
    "plot_drift.py",
    "plot_label_issues.py",
    "plot_category_paths.py",
    "plot_explain_texts.py",
    "plot_explain_images.py",
    "plot_amazon_metadata.py",
    "*",
]


example_warnings = contextlib.ExitStack()


def make_warnings_errors(gallery_conf, file_name, when):
    """Run every example with warnings as errors, and only the examples."""
    example_warnings.close()
    if when == "before":
        example_warnings.enter_context(warnings.catch_warnings())
        warnings.simplefilter("error")
        # Keras converts its variables with NumPy 1's protocol.
        warnings.filterwarnings(
            "ignore", "__array__ implementation doesn't accept a copy keyword"
        )


sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"^(?!plot_)",
    "subsection_order": ExplicitOrder([f"../examples/{name}" for name in SECTIONS]),
    "within_subsection_order": ExplicitOrder(EXAMPLES),
    "backreferences_dir": "api/backreferences",
    "doc_module": ("amzest",),
    "reference_url": {"amzest": None},
    "inspect_global_variables": True,
    "reset_modules": ("matplotlib", make_warnings_errors),
    "reset_modules_order": "both",
    "abort_on_example_error": True,
    "capture_repr": ("_repr_html_", "__repr__"),
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 0,
    "write_computation_times": False,
    "image_scrapers": ("matplotlib",),
    "thumbnail_size": (400, 280),
    "nested_sections": False,
}

# --- The pages -----------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "amzest"
html_baseurl = f"{DOCUMENTATION_URL}/"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["amzest.css"]
html_domain_indices = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "amzest"},
    "navbar_end": ["theme-switcher"],
    "show_prev_next": True,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "back_to_top_button": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_context = {"default_mode": "auto"}
html_sidebars = {"index": [], "changelog": [], "contributing": [], "install": []}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"
myst_heading_anchors = 3


def name_thumbnails(app, doctree):
    """Add alternative texts to the thumbnails of the gallery."""
    for image in doctree.findall(nodes.image):
        name = re.search(r"/thumb/sphx_glr_(\w+)_thumb", image["uri"])
        if name and not image.get("alt"):
            words = name[1].removeprefix("plot_").replace("_", " ")
            image["alt"] = f"Plot of the example: {words}"


def setup(app):
    # Before numpydoc, which has the default priority of 500.
    app.connect("autodoc-process-docstring", document_constants, priority=100)
    app.connect("doctree-read", name_thumbnails)
