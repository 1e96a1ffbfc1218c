"""Shared by all layers of amzest.

- Input: `_tables` and `_rows` (containers), `_cells` (missing values), `_label_values`,
  `_labels`, `_predictions`, `_unicode`.
- Images: `_image_cells` (paths, bytes and what else a cell may be), `_image_files`,
  `_image_references` and `_file_parts` (images within larger files), `_pillow`
  (decoding), `_input_files` (states of files).
- Estimators: `_param_validation`, `_fitted_state`, `_saved_state`, `_seeds`,
  `_log_proba`, `_missing_samples`, `_documentation_link`, `_messages`.
- Processes: `_cache`, `_shared_file`, `_claimed_parts`, `_file_lock`, `_array_parts`,
  `_forking`, `_parallel`, `_clusters`, `_workers`, `_frameworks`, `_quiet_import`,
  `_optional`.
"""

from amzest.utils._array_parts import (
    ArrayParts,
    concatenated,
    release_pages,
    temporary_file,
    write_array,
)
from amzest.utils._cache import (
    CACHE,
    CACHE_ON_DISK,
    CacheInfo,
    LRUCache,
    cache_info,
    clear_cache,
    set_cache_limit,
)
from amzest.utils._callbacks import (
    CallbackDoor,
    has_listeners,
    report_task,
    reported_fit,
    reported_task,
)
from amzest.utils._cells import (
    cell_matrix,
    is_missing,
    is_row,
    missing_mask,
    object_array,
)
from amzest.utils._claimed_parts import claimed_parts
from amzest.utils._documentation_link import (
    DOCUMENTATION_URL,
    DocumentationLinkMixin,
)
from amzest.utils._file_lock import try_lock
from amzest.utils._file_parts import MAX_IMAGE_BYTES, FilePart, SourceFile
from amzest.utils._fitted_state import (
    FittedStateMixin,
    copy_feature_attributes,
    former_state,
    owner_of,
    reading_with,
)
from amzest.utils._forking import ForkSafeLock
from amzest.utils._frameworks import (
    check_tensorflow_fork,
    import_keras,
    import_torch,
    keras_backend,
)
from amzest.utils._html_tables import table_as_html
from amzest.utils._image_cells import (
    ImageNotFound,
    NotAnImage,
    UnreadableImage,
    describe_text,
    is_image_path,
    is_missing_image,
    is_url,
    may_be_image,
    plain_image_cell,
)
from amzest.utils._image_files import image_path
from amzest.utils._image_references import ImageReference
from amzest.utils._input_files import file_states
from amzest.utils._label_values import label_values, partial_label_values
from amzest.utils._labels import (
    apply_class_weight,
    check_sample_weight,
    encode_labels,
    row_weights,
)
from amzest.utils._lazy_table import LazyTable
from amzest.utils._log_proba import PredictLogProbaMixin
from amzest.utils._messages import count, describe_rows, shown, shown_list
from amzest.utils._metadata_routing import (
    SPLITTER,
    build_router,
    final_fit_params,
    request_sample_weight,
    route_fit_params,
)
from amzest.utils._missing_samples import MissingSamplesMixin
from amzest.utils._optional import check_installed, require
from amzest.utils._parallel import (
    n_workers,
    run_in_order,
    runs_in_caller,
    runs_on_cluster,
)
from amzest.utils._param_validation import (
    Counts,
    ParameterValidationMixin,
    check_params,
    validate_params,
)
from amzest.utils._partial_labels import encode_partial_labels, positions_of
from amzest.utils._pillow import (
    FORMATS,
    MAX_PIXELS,
    TooManyPixels,
    bounded_memory,
    check_pixels,
    image_errors,
    load_given_image,
    open_image,
    quiet_pillow,
)
from amzest.utils._predictions import (
    LabelledPredictions,
    check_probabilities,
    encode_known_labels,
)
from amzest.utils._quiet_import import without_warnings
from amzest.utils._rows import check_rows
from amzest.utils._sample_by_class import sample_by_class
from amzest.utils._seeds import PURPOSES, draw_seeds
from amzest.utils._tables import (
    as_frame,
    as_native,
    as_pandas,
    as_series,
    check_unique_names,
    column_names,
    is_column,
    is_table,
    replace_columns,
    take_rows,
)
from amzest.utils._unicode import normalize_unicode
from amzest.utils._versions import installed_versions
from amzest.utils._workers import available_threads, quiet_workers, worker_threads

__all__ = [
    "CACHE",
    "CACHE_ON_DISK",
    "DOCUMENTATION_URL",
    "FORMATS",
    "MAX_IMAGE_BYTES",
    "MAX_PIXELS",
    "PURPOSES",
    "SPLITTER",
    "ArrayParts",
    "CacheInfo",
    "CallbackDoor",
    "Counts",
    "DocumentationLinkMixin",
    "FilePart",
    "FittedStateMixin",
    "ForkSafeLock",
    "ImageNotFound",
    "ImageReference",
    "LRUCache",
    "LabelledPredictions",
    "LazyTable",
    "MissingSamplesMixin",
    "NotAnImage",
    "ParameterValidationMixin",
    "PredictLogProbaMixin",
    "SourceFile",
    "TooManyPixels",
    "UnreadableImage",
    "apply_class_weight",
    "as_frame",
    "as_native",
    "as_pandas",
    "as_series",
    "available_threads",
    "bounded_memory",
    "build_router",
    "cache_info",
    "cell_matrix",
    "check_installed",
    "check_params",
    "check_pixels",
    "check_probabilities",
    "check_rows",
    "check_sample_weight",
    "check_tensorflow_fork",
    "check_unique_names",
    "claimed_parts",
    "clear_cache",
    "column_names",
    "concatenated",
    "copy_feature_attributes",
    "count",
    "describe_rows",
    "describe_text",
    "draw_seeds",
    "encode_known_labels",
    "encode_labels",
    "encode_partial_labels",
    "file_states",
    "final_fit_params",
    "former_state",
    "has_listeners",
    "image_errors",
    "image_path",
    "import_keras",
    "import_torch",
    "installed_versions",
    "is_column",
    "is_image_path",
    "is_missing",
    "is_missing_image",
    "is_row",
    "is_table",
    "is_url",
    "keras_backend",
    "label_values",
    "load_given_image",
    "may_be_image",
    "missing_mask",
    "n_workers",
    "normalize_unicode",
    "object_array",
    "open_image",
    "owner_of",
    "partial_label_values",
    "plain_image_cell",
    "positions_of",
    "quiet_pillow",
    "quiet_workers",
    "reading_with",
    "release_pages",
    "replace_columns",
    "report_task",
    "reported_fit",
    "reported_task",
    "request_sample_weight",
    "require",
    "route_fit_params",
    "row_weights",
    "run_in_order",
    "runs_in_caller",
    "runs_on_cluster",
    "sample_by_class",
    "set_cache_limit",
    "shown",
    "shown_list",
    "table_as_html",
    "take_rows",
    "temporary_file",
    "try_lock",
    "validate_params",
    "without_warnings",
    "worker_threads",
    "write_array",
]
