"""Architectures for images."""

from jax_metrics.models.vision._convnext import ConvNeXt as ConvNeXt
from jax_metrics.models.vision._efficientnet_lite import EfficientNetLite as EfficientNetLite
from jax_metrics.models.vision._mobilenet_v3 import MobileNetV3 as MobileNetV3
from jax_metrics.models.vision._resnet import ResNet as ResNet
from jax_metrics.models.vision._unet import UNet as UNet
from jax_metrics.models.vision._vae import VAE as VAE
from jax_metrics.models.vision._vision_transformer import VisionTransformer as VisionTransformer
from jax_metrics.models.vision._vit import ViT as ViT
