export {
  CosineAnnealingLR,
  ExponentialLR,
  LambdaLR,
  type LrContext,
  LRScheduler,
  LinearLR,
  MultiStepLR,
  StepLR,
} from './lrScheduler.js';
export { type PlateauOptions, ReduceLROnPlateau } from './plateau.js';
