// ResNet-18 (He et al., "Deep residual learning for image recognition", arXiv:1512.03385) under the names that PyTorch's
// torchvision gives its parameters, so that its weights load as they are; built in its order, so that a seed gives the
// same weights.
import { nn, type Tensor, tidy } from 'flambeau';

/** Two 3x3 convolutions beside a shortcut: relu(bn(conv(relu(bn(conv(x))))) + x). [N, in, H, W] → [N, out, H', W']. */
export class BasicBlock extends nn.Module {
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  relu: nn.ReLU;
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  /** What makes x fit where the block changes its shape. */
  downsample: nn.Module | null;

  constructor(inputs: number, outputs: number, stride = 1, downsample: nn.Module | null = null) {
    super();
    this.conv1 = new nn.Conv2d(inputs, outputs, 3, { stride, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(outputs);
    this.relu = new nn.ReLU({ inplace: true });
    this.conv2 = new nn.Conv2d(outputs, outputs, 3, { padding: 1, bias: false });
    this.bn2 = new nn.BatchNorm2d(outputs);
    this.downsample = downsample;
  }

  // What a block computes on the way is freed at its end, so that the next finds the memory warm.
  override forward(x: Tensor): Tensor {
    return tidy(() => {
      const out = this.bn2(this.conv2(this.relu(this.bn1(this.conv1(x)))));
      const shortcut = this.downsample === null ? x : (this.downsample as nn.Layer)(x);
      return this.relu(out.add_(shortcut));
    });
  }
}

export interface ResNetOptions {
  /** Channels of the first stage, doubled by each of the other three; default 64. */
  readonly width?: number;
  readonly classes?: number;
}

/** [N, 3, H, W] → [N, classes]. */
export class ResNet18 extends nn.Module {
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  relu: nn.ReLU;
  maxpool: nn.MaxPool2d;
  layer1: nn.Sequential;
  layer2: nn.Sequential;
  layer3: nn.Sequential;
  layer4: nn.Sequential;
  avgpool: nn.AdaptiveAvgPool2d;
  fc: nn.Linear;

  constructor({ width = 64, classes = 1000 }: ResNetOptions = {}) {
    super();
    this.conv1 = new nn.Conv2d(3, width, 7, { stride: 2, padding: 3, bias: false });
    this.bn1 = new nn.BatchNorm2d(width);
    this.relu = new nn.ReLU({ inplace: true });
    this.maxpool = new nn.MaxPool2d(3, { stride: 2, padding: 1 });
    this.layer1 = stage(width, width, 1);
    this.layer2 = stage(width, 2 * width, 2);
    this.layer3 = stage(2 * width, 4 * width, 2);
    this.layer4 = stage(4 * width, 8 * width, 2);
    this.avgpool = new nn.AdaptiveAvgPool2d([1, 1]);
    this.fc = new nn.Linear(8 * width, classes);
    for (const module of this.modules()) {
      if (module instanceof nn.Conv2d) {
        nn.init.kaimingNormal_(module.weight, { mode: 'fanOut', nonlinearity: 'relu' });
      }
    }
  }

  override forward(x: Tensor): Tensor {
    x = tidy(() => this.maxpool(this.relu(this.bn1(this.conv1(x)))));
    x = this.layer4(this.layer3(this.layer2(this.layer1(x))));
    return this.fc(this.avgpool(x).flatten(1));
  }
}

/** Two blocks, of which the first may halve the image. */
function stage(inputs: number, outputs: number, stride: number): nn.Sequential {
  const downsample =
    stride === 1
      ? null
      : new nn.Sequential(new nn.Conv2d(inputs, outputs, 1, { stride, bias: false }), new nn.BatchNorm2d(outputs));
  return new nn.Sequential(new BasicBlock(inputs, outputs, stride, downsample), new BasicBlock(outputs, outputs));
}
