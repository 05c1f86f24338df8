"""Metrics of clusterings, compared with known classes or computed from the data alone."""

from jax_metrics.metrics.clustering._calinski_harabasz import (
    CalinskiHarabaszScore as CalinskiHarabaszScore,
)
from jax_metrics.metrics.clustering._calinski_harabasz import (
    calinski_harabasz_score as calinski_harabasz_score,
)
from jax_metrics.metrics.clustering._centers import DaviesBouldinScore as DaviesBouldinScore
from jax_metrics.metrics.clustering._centers import DunnIndex as DunnIndex
from jax_metrics.metrics.clustering._centers import davies_bouldin_score as davies_bouldin_score
from jax_metrics.metrics.clustering._centers import dunn_index as dunn_index
from jax_metrics.metrics.clustering._cluster_accuracy import ClusterAccuracy as ClusterAccuracy
from jax_metrics.metrics.clustering._cluster_accuracy import cluster_accuracy as cluster_accuracy
from jax_metrics.metrics.clustering._information import entropies as entropies
from jax_metrics.metrics.clustering._information import mutual_information as mutual_information
from jax_metrics.metrics.clustering._mutual_info import (
    AdjustedMutualInfoScore as AdjustedMutualInfoScore,
)
from jax_metrics.metrics.clustering._mutual_info import MutualInfoScore as MutualInfoScore
from jax_metrics.metrics.clustering._mutual_info import (
    NormalizedMutualInfoScore as NormalizedMutualInfoScore,
)
from jax_metrics.metrics.clustering._mutual_info import (
    adjusted_mutual_info_score as adjusted_mutual_info_score,
)
from jax_metrics.metrics.clustering._mutual_info import mutual_info_score as mutual_info_score
from jax_metrics.metrics.clustering._mutual_info import (
    normalized_mutual_info_score as normalized_mutual_info_score,
)
from jax_metrics.metrics.clustering._rand import AdjustedRandScore as AdjustedRandScore
from jax_metrics.metrics.clustering._rand import FowlkesMallowsIndex as FowlkesMallowsIndex
from jax_metrics.metrics.clustering._rand import PairConfusionMatrix as PairConfusionMatrix
from jax_metrics.metrics.clustering._rand import RandScore as RandScore
from jax_metrics.metrics.clustering._rand import adjusted_rand_score as adjusted_rand_score
from jax_metrics.metrics.clustering._rand import fowlkes_mallows_index as fowlkes_mallows_index
from jax_metrics.metrics.clustering._rand import pair_confusion_matrix as pair_confusion_matrix
from jax_metrics.metrics.clustering._rand import rand_score as rand_score
from jax_metrics.metrics.clustering._silhouette import SilhouetteScore as SilhouetteScore
from jax_metrics.metrics.clustering._silhouette import silhouette_samples as silhouette_samples
from jax_metrics.metrics.clustering._silhouette import silhouette_score as silhouette_score
from jax_metrics.metrics.clustering._v_measure import CompletenessScore as CompletenessScore
from jax_metrics.metrics.clustering._v_measure import HomogeneityScore as HomogeneityScore
from jax_metrics.metrics.clustering._v_measure import VMeasureScore as VMeasureScore
from jax_metrics.metrics.clustering._v_measure import completeness_score as completeness_score
from jax_metrics.metrics.clustering._v_measure import homogeneity_score as homogeneity_score
from jax_metrics.metrics.clustering._v_measure import v_measure_score as v_measure_score
