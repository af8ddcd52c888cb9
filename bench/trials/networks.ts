// The networks that rows of models and of training share.
import { nn, type Tensor } from 'flambeau';

export const tinyMlp = () =>
  new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2), new nn.Sigmoid());

export const mlp784 = () =>
  new nn.Sequential(
    new nn.Linear(784, 512),
    new nn.ReLU(),
    new nn.Linear(512, 512),
    new nn.ReLU(),
    new nn.Linear(512, 10),
  );

export const mnistCnn = () =>
  new nn.Sequential(
    new nn.Conv2d(1, 32, 3),
    new nn.ReLU(),
    new nn.Conv2d(32, 64, 3),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(9216, 128),
    new nn.ReLU(),
    new nn.Linear(128, 10),
  );

class BasicBlock extends nn.Module {
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  downsample: nn.Sequential | null = null;

  constructor(inputs: number, outputs: number, stride: number) {
    super();
    this.conv1 = new nn.Conv2d(inputs, outputs, 3, { stride, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(outputs);
    this.conv2 = new nn.Conv2d(outputs, outputs, 3, { padding: 1, bias: false });
    this.bn2 = new nn.BatchNorm2d(outputs);
    if (stride !== 1 || inputs !== outputs) {
      const shrink = new nn.Conv2d(inputs, outputs, 1, { stride, bias: false });
      this.downsample = new nn.Sequential(shrink, new nn.BatchNorm2d(outputs));
    }
  }

  override forward(x: Tensor): Tensor {
    const inner = this.bn1(this.conv1(x)).relu();
    const shortcut = this.downsample === null ? x : this.downsample(x);
    return this.bn2(this.conv2(inner)).add(shortcut).relu();
  }
}

/** He et al., "Deep residual learning for image recognition" (2016). */
export class ResNet18 extends nn.Module {
  conv1 = new nn.Conv2d(3, 64, 7, { stride: 2, padding: 3, bias: false });
  bn1 = new nn.BatchNorm2d(64);
  maxpool = new nn.MaxPool2d(3, { stride: 2, padding: 1 });
  layers = new nn.ModuleList(
    [[64, 64, 1] as const, [64, 128, 2] as const, [128, 256, 2] as const, [256, 512, 2] as const].flatMap(
      ([inputs, outputs, stride]) => [new BasicBlock(inputs, outputs, stride), new BasicBlock(outputs, outputs, 1)],
    ),
  );
  avgpool = new nn.AdaptiveAvgPool2d(1);
  fc = new nn.Linear(512, 1000);

  override forward(x: Tensor): Tensor {
    let y = this.maxpool(this.bn1(this.conv1(x)).relu());
    for (const block of this.layers) y = block(y);
    return this.fc(this.avgpool(y).flatten(1));
  }
}
