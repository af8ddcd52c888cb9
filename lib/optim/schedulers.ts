export {
  CosineAnnealingLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  LRScheduler,
  type LrContext,
  MultiStepLR,
  StepLR,
} from './lrScheduler.js';
export { type PlateauOptions, ReduceLROnPlateau } from './plateau.js';
